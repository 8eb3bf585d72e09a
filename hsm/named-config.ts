import { join } from 'node:path';
import { embeddedKindOf } from './pkcs11/module.ts';
import type { Pkcs11Config, SoftwareConfig } from './types.ts';

/** Names the token of a module that is given by its path; without it the only token is taken. */
export const TOKEN_VARIABLE = 'POSP_HSM_TOKEN';
/** Holds the PIN of that token. */
export const PIN_VARIABLE = 'POSP_HSM_PIN';

/**
 * The configuration behind `--hsm software|nss|softhsm|FILE`. Embedded tokens and the key file
 * live in `<dataDir>/hsm`, under `as` when there are several; for a module's path, token and PIN
 * come from environment variables. The path of a module that can run embedded does so when nothing,
 * neither a variable nor the caller (`ownToken`), names a token for it.
 */
export function namedHsmConfig(
  name: string,
  dataDir: string,
  as: string = name,
  ownToken = false,
): SoftwareConfig | Pkcs11Config {
  const folder = join(dataDir, 'hsm');
  switch (name) {
    case 'software':
      return { provider: 'software', name: as, keyFile: join(folder, `${as}-keys.json`) };
    case 'nss':
    case 'softhsm':
      return { provider: 'pkcs11', name: as, module: name, dataDir: join(folder, as) };
    default: {
      const tokenLabel = process.env[TOKEN_VARIABLE];
      const kind = embeddedKindOf(name);
      const named = ownToken || tokenLabel !== undefined || process.env[PIN_VARIABLE] !== undefined;
      if (kind !== undefined && !named) {
        return { provider: 'pkcs11', name: as, module: name, dataDir: join(folder, kind) };
      }
      return {
        provider: 'pkcs11',
        module: name,
        pinSource: { environment: PIN_VARIABLE },
        ...(tokenLabel === undefined ? {} : { tokenLabel }),
      };
    }
  }
}
