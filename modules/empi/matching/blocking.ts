/**
 * Which pairs are worth comparing. A rule puts records into a block when they share a key; the
 * candidates are the pairs of all blocks of all rules. A pair that no rule brings together is never
 * found, so each rule survives errors that break the others. Blocks are found by sorting keys.
 */
import { FIELD, type FieldName } from './fields.ts';
import { poolOf, type RecordTable, SLOT, SLOTS } from './store.ts';

type Slot = FieldName | 'surnameSound' | 'givenSound';

/** Part of a value: units from `from`, `length` of them; counted from the end when negative. */
interface KeyPart {
  slot: Slot;
  from?: number;
  length?: number;
}

export interface BlockingRule {
  name: string;
  parts: readonly KeyPart[];
  /** The parts' order does not matter: names that changed places meet. */
  unordered?: boolean;
  /** What an oversized block is divided by, one after the other. */
  divide: readonly KeyPart[];
  /** One field alone brings many strangers together: only small files can afford it. */
  forSmallFiles?: boolean;
}

const YEAR: KeyPart = { slot: 'birthDate', from: 0, length: 4 };
const MONTH_AND_DAY: KeyPart = { slot: 'birthDate', from: 4, length: 4 };
const YEAR_AND_MONTH: KeyPart = { slot: 'birthDate', from: 0, length: 6 };
const SURNAME: KeyPart = { slot: 'surnameSound' };
const GIVEN: KeyPart = { slot: 'givenSound' };
const GIVEN_START: KeyPart = { slot: 'givenSound', from: 0, length: 3 };
const SURNAME_START: KeyPart = { slot: 'surnameSound', from: 0, length: 3 };

export const BLOCKING_RULES: readonly BlockingRule[] = [
  { name: 'identity number', parts: [{ slot: 'idNumber' }], divide: [SURNAME, GIVEN] },
  { name: 'phone', parts: [{ slot: 'phone' }], divide: [GIVEN, YEAR] },
  {
    name: 'names',
    parts: [SURNAME, GIVEN],
    unordered: true,
    divide: [YEAR, MONTH_AND_DAY, { slot: 'suburb' }],
  },
  { name: 'birth date', parts: [{ slot: 'birthDate' }], divide: [SURNAME_START, GIVEN] },
  { name: 'address', parts: [{ slot: 'address' }], divide: [GIVEN, YEAR] },
  {
    name: 'street and number',
    parts: [{ slot: 'street' }, { slot: 'streetNumber' }],
    divide: [{ slot: 'postcode' }, SURNAME],
  },
  { name: 'street', parts: [{ slot: 'street' }], divide: [{ slot: 'postcode' }, GIVEN] },
  { name: 'locality', parts: [{ slot: 'locality' }], divide: [{ slot: 'postcode' }, GIVEN] },
  {
    name: 'suburb and number',
    parts: [{ slot: 'suburb' }, { slot: 'streetNumber' }],
    divide: [GIVEN, YEAR],
  },
  {
    name: 'given name and postcode',
    parts: [GIVEN, { slot: 'postcode' }],
    divide: [YEAR, SURNAME_START],
  },
  {
    name: 'surname and postcode',
    parts: [SURNAME, { slot: 'postcode' }],
    divide: [YEAR, GIVEN_START],
  },
  {
    name: 'postcode and number',
    parts: [{ slot: 'postcode' }, { slot: 'streetNumber' }],
    divide: [GIVEN, YEAR],
  },
  {
    name: 'end of identity number',
    parts: [{ slot: 'idNumber', from: -6, length: 6 }],
    divide: [SURNAME, YEAR],
  },
  {
    name: 'start of identity number and given name',
    parts: [{ slot: 'idNumber', from: 0, length: 6 }, GIVEN],
    divide: [YEAR, SURNAME],
  },
  { name: 'given name and birth month', parts: [GIVEN, YEAR_AND_MONTH], divide: [SURNAME] },
  { name: 'given name and birthday', parts: [GIVEN, MONTH_AND_DAY], divide: [SURNAME, YEAR] },
  ...(
    [
      ['surname', SURNAME, YEAR],
      ['given name', GIVEN, YEAR],
      ['birthday', MONTH_AND_DAY, YEAR],
      ['birth month', YEAR_AND_MONTH, SURNAME_START],
      ['postcode', { slot: 'postcode' }, SURNAME_START],
      ['suburb', { slot: 'suburb' }, SURNAME_START],
      ['first digits of identity number', { slot: 'idNumber', from: 0, length: 4 }, YEAR],
      ['last digits of identity number', { slot: 'idNumber', from: -4, length: 4 }, YEAR],
    ] as const
  ).map(([name, part, divider]) => ({
    name,
    parts: [part],
    divide: [divider],
    forSmallFiles: true,
  })),
];

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

function slotOf(slot: Slot): number {
  if (slot === 'surnameSound') return SLOT.surnameSound;
  return slot === 'givenSound' ? SLOT.givenSound : FIELD[slot];
}

/** Hashes of parts of values, each worked out once a value. */
class KeyMaker {
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

function mix(key: number, hash: number): number {
  let value = Math.imul(key ^ (key >>> 15), 0x2c1b3c6d) ^ hash;
  value = Math.imul(value ^ (value >>> 12), 0x297a2d39);
  return (value ^ (value >>> 15)) >>> 0;
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
