import type { Handle, Mechanism, PKCS11 } from './binding.ts';
import { CKA } from './constants.ts';
import type { ObjectSpec } from './templates.ts';
import { secretKeyTemplate } from './templates.ts';

/**
 * Whether a token heeds what the template of an unwrapped key says of leaving and reading. Some do
 * not, or refuse it, and make every such key readable: there the two are set right afterwards.
 */
export type UnwrapStyle = 'as-asked' | 'set-afterwards';

export function unwrapKey(
  { module, session }: { module: PKCS11; session: Handle },
  style: UnwrapStyle,
  mechanism: Mechanism,
  by: Handle,
  wrapped: Buffer,
  spec: ObjectSpec,
): Handle {
  const template = secretKeyTemplate(spec);
  if (style === 'as-asked') return module.C_UnwrapKey(session, mechanism, by, wrapped, template);
  const silent = template.filter(({ type }) => type !== CKA.EXTRACTABLE && type !== CKA.SENSITIVE);
  const handle = module.C_UnwrapKey(session, mechanism, by, wrapped, silent);
  try {
    const sensitive = { type: CKA.SENSITIVE, value: true };
    const staying = spec.extractable === true ? [] : [{ type: CKA.EXTRACTABLE, value: false }];
    module.C_SetAttributeValue(session, handle, [sensitive, ...staying]);
    return handle;
  } catch (error) {
    module.C_DestroyObject(session, handle);
    throw error;
  }
}

/** Is the key as sensitive, and as free to leave, as it was asked to be? */
export function isProtected(
  { module, session }: { module: PKCS11; session: Handle },
  handle: Handle,
  extractable: boolean,
): boolean {
  const [sensitive, leaves] = module.C_GetAttributeValue(session, handle, [
    { type: CKA.SENSITIVE },
    { type: CKA.EXTRACTABLE },
  ]);
  const isSet = (value: unknown) => Buffer.from(value as Buffer)[0] === 1;
  return isSet(sensitive?.value) && isSet(leaves?.value) === extractable;
}
