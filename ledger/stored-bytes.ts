/** Keys and values of the ledger's databases as bytes. */
import { LedgerError } from './errors.ts';
import { CHECKPOINT_TABLES, type CheckpointTable, type StoredRegistryItem } from './storage.ts';

/** A position as eight bytes that sort as the number does. */
export function positionKey(position: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeUInt32BE(Math.floor(position / 0x100000000), 0);
  key.writeUInt32BE(position >>> 0, 4);
  return key;
}

export function readPosition(key: Buffer): number {
  return key.readUInt32BE(0) * 0x100000000 + key.readUInt32BE(4);
}

export function pageKey(table: CheckpointTable, page: number): Buffer {
  const key = Buffer.allocUnsafe(5);
  key[0] = CHECKPOINT_TABLES.indexOf(table) + 1;
  key.writeUInt32BE(page, 1);
  return key;
}

export type ReadRegistryItem = StoredRegistryItem & { body: Uint8Array };

/** Version, length of the key, key, body. */
export function registryValue({ key, version, body }: Omit<ReadRegistryItem, 'kind'>): Buffer {
  const text = Buffer.from(key);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([positionKey(version), length, text, body]);
}

/** Throws LedgerError. */
export function readRegistryValue(kind: string, value: Buffer): ReadRegistryItem {
  if (value.length < 10 || value.length < 10 + value.readUInt16BE(8)) {
    throw new LedgerError('storage_failed', `an item ${kind} of the registry is damaged`);
  }
  const keyEnd = 10 + value.readUInt16BE(8);
  const key = value.toString('utf8', 10, keyEnd);
  return { kind, key, version: readPosition(value), body: value.subarray(keyEnd) };
}
