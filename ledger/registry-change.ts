/** A registry change as it stands in an encoded entry. */
import { ByteReader } from './bytes.ts';
import type { RegistryChange } from './types.ts';

export interface StoredRegistryChange extends Omit<RegistryChange, 'expectedVersion'> {
  /** -1 when none was given. */
  expectedVersion: number;
}

export function readRegistryChange(
  bytes: Uint8Array,
  start: number,
  end: number,
): StoredRegistryChange {
  const change: StoredRegistryChange = {
    kind: '',
    key: '',
    body: null,
    expectedVersion: -1,
    why: '',
    who: '',
  };
  const reader = new ByteReader(bytes, start, end);
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === 0x0a) change.kind = reader.text();
    else if (tag === 0x12) change.key = reader.text();
    else if (tag === 0x1a) change.body = reader.copy();
    else if (tag === 0x20) change.expectedVersion = reader.varint();
    else if (tag === 0x2a) change.why = reader.text();
    else if (tag === 0x32) change.who = reader.text();
    else reader.skip(tag);
  }
  return change;
}

/** The key of an item in the registry's database. */
export function registryKey(kind: string, key: string): string {
  return `${kind}/${key}`;
}
