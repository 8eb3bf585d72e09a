/**
 * The open-addressing hash table under a RowTable: where the row of a key is. A slot's place is made
 * of the upper bits of the hash, so that a grown table has the order of the old one, and growing walks
 * through both instead of jumping about in memory.
 */

/** A slot is two words: row number + 1, and the key's hash, compared before the row is touched. */
export const EMPTY = 0;
export const TOMBSTONE = -1;
/** Slots; a power of two, as every capacity is. */
export const FIRST_CAPACITY = 1024;

export interface Slots {
  words: Int32Array;
  /** For offsets into `words`. */
  mask: number;
  /** A hash shifted right by so many bits is the number of the slot where its key belongs. */
  shift: number;
  /** Slots that are not empty, tombstones included. */
  used: number;
}

export function newSlots(capacity: number): Slots {
  const words = new Int32Array(capacity * 2);
  return { words, mask: capacity * 2 - 1, shift: Math.clz32(capacity) + 1, used: 0 };
}

/** Puts an entry behind those that stand where it belongs; there must be room. */
export function putSlot(slots: Slots, hash: number, entry: number): void {
  const { words, mask } = slots;
  let at = (hash >>> slots.shift) * 2;
  while (words[at] !== EMPTY) at = (at + 2) & mask;
  words[at] = entry;
  words[at + 1] = hash;
  slots.used++;
}

/** Mixes all 128 bits, because keys from outside may be consecutive numbers. */
export function hashKey(k0: number, k1: number, k2: number, k3: number): number {
  let hash = Math.imul(k0, 0x9e3779b1) ^ Math.imul(k1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ Math.imul(k2, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 13), 0x297a2d39) ^ Math.imul(k3, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
