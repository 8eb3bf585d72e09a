/** Keys of records under the rules of blocking: hashes of values, or of parts of them. */
import type { BlockingRule, KeyPart, Slot } from './blocking-rules.ts';
import { FIELD } from './fields.ts';
import { poolOf, type RecordTable, SLOT, SLOTS } from './store.ts';

export function slotOf(slot: Slot): number {
  if (slot === 'surnameSound') return SLOT.surnameSound;
  return slot === 'givenSound' ? SLOT.givenSound : FIELD[slot];
}

/** Hashes of parts of values, each worked out once a value. */
export class KeyMaker {
  readonly rows: Int32Array;
  private readonly table: RecordTable;
  private readonly hashes = new Map<string, Uint32Array>();

  constructor(table: RecordTable) {
    this.table = table;
    this.rows = table.rows;
  }

  /** By code of the part's pool; 0 for a value that is missing or too short. */
  partHashes({ slot, from = 0, length }: KeyPart): Uint32Array {
    const pool = poolOf(slotOf(slot));
    const name = `${pool}:${from}:${length ?? ''}`;
    const known = this.hashes.get(name);
    if (known !== undefined) return known;
    const { units, offsets } = this.table.pools[pool]!;
    const hashes = new Uint32Array(offsets.length - 1);
    for (let code = 1; code < hashes.length; code++) {
      const start = offsets[code]!;
      const size = offsets[code + 1]! - start;
      hashes[code] = hashStretch(units, start, size, from, length ?? size);
    }
    this.hashes.set(name, hashes);
    return hashes;
  }

  /** The key of every record under a rule; 0 where a part is missing. */
  ruleKeys(rule: BlockingRule, records: number): Uint32Array {
    const keys = new Uint32Array(records).fill(1);
    for (const part of rule.parts) {
      const hashes = this.partHashes(part);
      const slot = slotOf(part.slot);
      for (let record = 0; record < records; record++) {
        const hash = hashes[this.rows[record * SLOTS + slot]!]!;
        const key = keys[record]!;
        if (hash === 0 || key === 0) keys[record] = 0;
        else keys[record] = (rule.unordered ? key + hash : mix(key, hash)) >>> 0 || 1;
      }
    }
    return keys;
  }
}

function hashStretch(
  units: Uint16Array,
  start: number,
  size: number,
  from: number,
  length: number,
): number {
  if (size < length || (from > 0 && size < from + length)) return size === 0 ? 0 : 1;
  const first = start + (from < 0 ? size + from : from);
  let hash = 0x811c9dc5;
  for (let at = first; at < first + length; at++) hash = Math.imul(hash ^ units[at]!, 0x01000193);
  return mix(hash, length) || 1;
}

export function mix(key: number, hash: number): number {
  let value = Math.imul(key ^ (key >>> 15), 0x2c1b3c6d) ^ hash;
  value = Math.imul(value ^ (value >>> 12), 0x297a2d39);
  return (value ^ (value >>> 15)) >>> 0;
}
