/**
 * Which pairs are worth comparing. A rule puts records into a block when they share a key; the
 * candidates are the pairs of all blocks of all rules. Blocks are found by sorting keys.
 */
import { KeyMaker, mix, slotOf } from './blocking-keys.ts';
import { BLOCKING_RULES, type BlockingRule, type KeyPart } from './blocking-rules.ts';
import { FIELD } from './fields.ts';
import { type RecordTable, SLOT, SLOTS } from './store.ts';

/** Up to so many records rules of one field alone are used, too. */
const SMALL_FILE = 50_000;

export interface Blocks {
  rules: readonly BlockingRule[];
  /** By rule: records, those of one block side by side. */
  orders: Uint32Array[];
  /** By rule: where blocks start in its order, and the end behind the last one. */
  starts: Uint32Array[];
  /** By record and rule (record × rules + rule): the block's number from 1 on, 0 for none. */
  blockOf: Uint32Array;
}

/** The largest block: small registers can afford to compare more, large ones must stay linear. */
export function largestBlock(records: number): number {
  return Math.round(Math.max(60, Math.min(500, 25_000_000 / Math.max(1, records))));
}

export function findBlocks(table: RecordTable): Blocks {
  const isSmall = table.records <= SMALL_FILE;
  const rules = BLOCKING_RULES.filter(
    ({ parts, forSmallFiles = false }) =>
      (isSmall || !forSmallFiles) && parts.every((part) => isHeld(table, part)),
  );
  const largest = largestBlock(table.records);
  const keys = new KeyMaker(table);
  const blockOf = new Uint32Array(new SharedArrayBuffer(table.records * rules.length * 4));
  const orders: Uint32Array[] = [];
  const starts: Uint32Array[] = [];
  rules.forEach((rule, index) => {
    const blocks = divideIntoBlocks(keys, rule, table.records, largest);
    orders.push(blocks.order);
    starts.push(blocks.starts);
    for (let block = 0; block + 1 < blocks.starts.length; block++) {
      for (let at = blocks.starts[block]!; at < blocks.starts[block + 1]!; at++) {
        blockOf[blocks.order[at]! * rules.length + index] = block + 1;
      }
    }
  });
  return { rules, orders, starts, blockOf };
}

function isHeld(table: RecordTable, part: KeyPart): boolean {
  const slot = slotOf(part.slot);
  const field =
    slot === SLOT.surnameSound ? FIELD.surname : slot === SLOT.givenSound ? FIELD.givenName : slot;
  return table.present[field]! > 0;
}

/** Sorts records by key; what is oversized is divided further, and in the end cut into pieces. */
function divideIntoBlocks(
  keys: KeyMaker,
  rule: BlockingRule,
  records: number,
  largest: number,
): { order: Uint32Array; starts: Uint32Array } {
  const order = new Uint32Array(new SharedArrayBuffer(records * 4));
  const starts: number[] = [];
  let filled = 0;
  const keep = (members: Uint32Array, from: number, to: number): void => {
    starts.push(filled);
    order.set(members.subarray(from, to), filled);
    filled += to - from;
  };
  let key = keys.ruleKeys(rule, records);
  let members = new Uint32Array(records);
  let count = 0;
  for (let record = 0; record < records; record++) if (key[record] !== 0) members[count++] = record;
  members = members.slice(0, count);
  for (let round = 0; members.length > 0; round++) {
    members = sortByKey(members, key);
    const part = rule.divide[round];
    const oversized: Uint32Array[] = [];
    forEachRun(members, key, (from, to) => {
      if (to - from < 2) return;
      if (to - from <= largest) keep(members, from, to);
      else if (part !== undefined) oversized.push(members.subarray(from, to));
      else {
        for (let at = from; at < to; at += largest) keep(members, at, Math.min(to, at + largest));
      }
    });
    members = joinArrays(oversized);
    if (part !== undefined) key = dividedKeys(keys, part, members, key);
  }
  starts.push(filled);
  return { order, starts: shared(starts) };
}

function dividedKeys(
  keys: KeyMaker,
  part: KeyPart,
  members: Uint32Array,
  key: Uint32Array,
): Uint32Array {
  const hashes = keys.partHashes(part);
  const slot = slotOf(part.slot);
  for (const record of members) {
    key[record] = mix(key[record]!, hashes[keys.rows[record * SLOTS + slot]!]!) || 1;
  }
  return key;
}

function forEachRun(
  members: Uint32Array,
  key: Uint32Array,
  run: (from: number, to: number) => void,
): void {
  let from = 0;
  for (let at = 1; at <= members.length; at++) {
    if (at < members.length && key[members[at]!] === key[members[from]!]) continue;
    run(from, at);
    from = at;
  }
}

const RADIX_BITS = 11;
const RADIX = 1 << RADIX_BITS;

/** Stable sort of members by their 32-bit keys, eleven bits at a time; the keys travel along. */
function sortByKey(members: Uint32Array, key: Uint32Array): Uint32Array<ArrayBuffer> {
  let from = new Uint32Array(members);
  let to = new Uint32Array(members.length);
  let fromKeys = Uint32Array.from(members, (record) => key[record]!);
  let toKeys = new Uint32Array(members.length);
  for (let shift = 0; shift < 32; shift += RADIX_BITS) {
    const places = new Uint32Array(RADIX + 1);
    for (let at = 0; at < from.length; at++) {
      places[((fromKeys[at]! >>> shift) & (RADIX - 1)) + 1]!++;
    }
    for (let digit = 0; digit < RADIX; digit++) places[digit + 1]! += places[digit]!;
    for (let at = 0; at < from.length; at++) {
      const value = fromKeys[at]!;
      const place = places[(value >>> shift) & (RADIX - 1)]!++;
      to[place] = from[at]!;
      toKeys[place] = value;
    }
    [from, to] = [to, from];
    [fromKeys, toKeys] = [toKeys, fromKeys];
  }
  return from;
}

function joinArrays(arrays: Uint32Array[]): Uint32Array<ArrayBuffer> {
  const joined = new Uint32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    joined.set(array, at);
    at += array.length;
  }
  return joined;
}

function shared(values: number[]): Uint32Array {
  const array = new Uint32Array(new SharedArrayBuffer(values.length * 4));
  array.set(values);
  return array;
}

/**
 * Calls `visit` for each candidate pair of some blocks of a rule. A pair that an earlier rule brought
 * together is left out, so that over all rules each pair comes once. Between two files only pairs
 * across count. `sampleLimit` takes part of the pairs, the same ones each time: those whose hash of 32
 * bits is not above it.
 */
export function forEachPair(
  blocks: Blocks,
  sources: Uint8Array | null,
  rule: number,
  fromBlock: number,
  toBlock: number,
  visit: (a: number, b: number) => void,
  sampleLimit = 0xffffffff,
): void {
  const { blockOf } = blocks;
  const rules = blocks.rules.length;
  const order = blocks.orders[rule]!;
  const starts = blocks.starts[rule]!;
  for (let block = fromBlock; block < toBlock; block++) {
    const end = starts[block + 1]!;
    for (let i = starts[block]!; i < end; i++) {
      const a = order[i]!;
      const rowA = a * rules;
      for (let j = i + 1; j < end; j++) {
        const b = order[j]!;
        if (sources !== null && sources[a] === sources[b]) continue;
        if (sampleLimit !== 0xffffffff && pairHash(a, b) > sampleLimit) continue;
        const rowB = b * rules;
        let earlier = 0;
        while (earlier < rule) {
          const blockA = blockOf[rowA + earlier]!;
          if (blockA !== 0 && blockA === blockOf[rowB + earlier]) break;
          earlier++;
        }
        if (earlier === rule) visit(a, b);
      }
    }
  }
}

function pairHash(a: number, b: number): number {
  const low = a < b ? a : b;
  const high = a < b ? b : a;
  let value = Math.imul(low ^ 0x5bd1e995, 0x2c1b3c6d) ^ Math.imul(high, 0x297a2d39);
  value = Math.imul(value ^ (value >>> 15), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
