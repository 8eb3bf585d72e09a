/** A key of a module's own: made in the HSM when it is first needed, kept in the registry. */
import type { Hsm, KeySpec, StoredKey } from '../../hsm/types.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Key } from '../../ledger/registry-kinds.ts';

export interface KeyParts {
  hsm: Hsm;
  ledger: LedgerClient;
  reader: Reader;
}

/** The HSM finds a loaded key by its object, so that of a registry item is always the same one. */
const storedKeys = new WeakMap<Key, StoredKey>();

/** The key of that name in the registry, made now when there is none. */
export async function moduleKey(
  { hsm, ledger, reader }: KeyParts,
  { name, spec }: { name: string; spec: KeySpec },
): Promise<StoredKey> {
  const known = storedModuleKey(reader, name);
  if (known !== null) return known;
  const made = await hsm.generateKey(spec);
  const item: Key = {
    name,
    algorithm: made.algorithm,
    purpose: made.purpose,
    version: made.version,
    cryptogram: made.cryptogram,
    checkValue: Buffer.from(made.checkValue, 'hex'),
    publicKey: made.publicKey ?? '',
  };
  const by = { who: 'posp', why: 'first use', expectedVersion: 0 };
  await ledger.submit({
    id: idOf('module-key', name),
    institution: '',
    registry: [registryChange('key', name, item, by)],
  });
  return storedModuleKey(reader, name)!;
}

export function storedModuleKey(reader: Reader, name: string): StoredKey | null {
  const item = reader.registry.get('key', name)?.value;
  if (item === undefined) return null;
  let key = storedKeys.get(item);
  if (key === undefined) {
    key = {
      algorithm: item.algorithm as StoredKey['algorithm'],
      purpose: item.purpose as StoredKey['purpose'],
      version: item.version,
      cryptogram: item.cryptogram,
      checkValue: Buffer.from(item.checkValue).toString('hex').toUpperCase(),
      ...(item.publicKey === '' ? {} : { publicKey: item.publicKey }),
    };
    storedKeys.set(item, key);
  }
  return key;
}
