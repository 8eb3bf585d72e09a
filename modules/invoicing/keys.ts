/** The unit's signing key: made once in the HSM, kept wrapped in the registry. */
import type { Hsm, StoredKey } from '../../hsm/types.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Key } from '../../ledger/registry-kinds.ts';

export function unitKeyName(institution: string): string {
  return `invoice-unit-${institution}`;
}

/** The key, made now when there is none. Null when another process was faster: ask again. */
export async function unitKey(
  institution: string,
  parts: { reader: Reader; hsm: Hsm; ledger: LedgerClient },
): Promise<StoredKey | null> {
  const name = unitKeyName(institution);
  const found = parts.reader.registry.get('key', name);
  if (found !== null) return storedKey(found.value);
  const key = await parts.hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
  const value: Key = {
    name,
    algorithm: key.algorithm,
    purpose: key.purpose,
    version: key.version,
    cryptogram: key.cryptogram,
    checkValue: Buffer.from(key.checkValue, 'hex'),
    publicKey: key.publicKey ?? '',
  };
  const why = { why: 'first bill of the unit', who: 'invoicing', expectedVersion: 0 };
  const { status } = await parts.ledger.submit({
    id: idOf('invoicing', 'unit-key', institution),
    institution,
    registry: [registryChange('key', name, value, why)],
  });
  return status === 'applied' ? key : null;
}

export function storedKey(value: Key): StoredKey {
  return {
    algorithm: value.algorithm as StoredKey['algorithm'],
    purpose: value.purpose as StoredKey['purpose'],
    version: value.version,
    cryptogram: value.cryptogram,
    checkValue: Buffer.from(value.checkValue).toString('hex').toUpperCase(),
    ...(value.publicKey === '' ? {} : { publicKey: value.publicKey }),
  };
}
