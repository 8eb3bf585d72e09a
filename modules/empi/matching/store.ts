/**
 * Records as numbers. Every value becomes a code, the same for equal values, and a record is one row
 * of codes, one cache line: comparing two records is comparing two rows, and texts are looked at only
 * where codes differ. Everything is in shared memory, so that threads compare without copying.
 */
import { FIELD, FIELD_COUNT, FIELDS } from './fields.ts';
import { type NormalisedPerson, PersonFlag } from './normalise.ts';
import { type TextPool, TextPoolBuilder } from './text-pool.ts';

/** Slots of a row: one a field, then what is derived from them. */
export const SLOT = {
  surnameSound: FIELD_COUNT,
  givenSound: FIELD_COUNT + 1,
  flags: FIELD_COUNT + 2,
};
export const SLOTS = 16;

/** Pool of a slot: names share one (they change places), and so do street and locality, and sounds. */
export const POOLS = FIELDS.length + 1;
const SOUND_POOL = FIELDS.length;

export function poolOf(slot: number): number {
  if (slot === FIELD.givenName) return FIELD.surname;
  if (slot === FIELD.locality) return FIELD.street;
  if (slot === SLOT.surnameSound || slot === SLOT.givenSound) return SOUND_POOL;
  return slot;
}

/** What threads share. Code 0 is the missing value. */
export interface RecordTable {
  records: number;
  rows: Int32Array;
  pools: TextPool[];
  /** How many records hold each value, by field and code. */
  counts: Uint32Array[];
  /** How many records hold any value, by field. */
  present: number[];
  /** 0 or 1: which of two files a record is from; null for one file. */
  sources: Uint8Array | null;
}

const START_RECORDS = 1024;

/** Takes records one by one; `finish` gives the table. */
export class RecordTableBuilder {
  private rows: Int32Array;
  private records = 0;
  private readonly pools: TextPoolBuilder[];
  private readonly sources: number[] = [];

  constructor(expectedRecords = START_RECORDS) {
    this.rows = new Int32Array(expectedRecords * SLOTS);
    this.pools = Array.from({ length: POOLS }, () => new TextPoolBuilder(expectedRecords));
  }

  add(person: NormalisedPerson, source = 0): void {
    const start = this.records * SLOTS;
    if (start === this.rows.length) this.grow();
    const { rows } = this;
    for (let field = 0; field < FIELD_COUNT; field++) {
      rows[start + field] = this.pools[poolOf(field)]!.code(person.values[field]!);
    }
    rows[start + SLOT.surnameSound] = this.pools[SOUND_POOL]!.code(person.surnameSound);
    rows[start + SLOT.givenSound] = this.pools[SOUND_POOL]!.code(person.givenSound);
    rows[start + SLOT.flags] = person.flags | (kindOf(person.values[FIELD.idNumber]!) << 8);
    this.records++;
    if (source !== 0 || this.sources.length > 0) this.sources[this.records - 1] = source;
  }

  get length(): number {
    return this.records;
  }

  /** `shared`: for several threads; a handful of records for one thread needs no copy. */
  finish(shared = true): RecordTable {
    const { records } = this;
    const own = this.rows.subarray(0, records * SLOTS);
    const rows = shared ? sharedCopy(own) : own;
    const pools = this.pools.map((pool) => pool.finish(shared));
    const counts: Uint32Array[] = [];
    const present: number[] = [];
    for (let field = 0; field < FIELD_COUNT; field++) {
      const size = this.pools[poolOf(field)]!.size + 1;
      const count = shared
        ? new Uint32Array(new SharedArrayBuffer(size * 4))
        : new Uint32Array(size);
      for (let at = field; at < rows.length; at += SLOTS) count[rows[at]!]!++;
      present.push(records - count[0]!);
      counts.push(count);
    }
    return { records, rows, pools, counts, present, sources: this.sharedSources() };
  }

  private sharedSources(): Uint8Array | null {
    if (this.sources.length === 0) return null;
    const shared = new Uint8Array(new SharedArrayBuffer(this.records));
    this.sources.forEach((source, record) => {
      shared[record] = source;
    });
    return shared;
  }

  private grow(): void {
    const larger = new Int32Array(this.rows.length * 2);
    larger.set(this.rows);
    this.rows = larger;
  }
}

function sharedCopy(rows: Int32Array): Int32Array {
  const copy = new Int32Array(new SharedArrayBuffer(rows.length * 4));
  copy.set(rows);
  return copy;
}

/** Numbers of different kinds of document say nothing about each other; 0 is a citizen's or unnamed. */
function kindOf(idNumber: string): number {
  const colon = idNumber.indexOf(':');
  if (colon < 0) return 0;
  let hash = 7;
  for (let i = 0; i < colon; i++) hash = (hash * 31 + idNumber.charCodeAt(i)) & 0x7fff;
  return hash + 1;
}

export function isFlagged(table: RecordTable, record: number, flag: number): boolean {
  return (table.rows[record * SLOTS + SLOT.flags]! & flag) !== 0;
}

/** Two different identity numbers, both with the right check character: two persons. */
export function haveDifferentValidIds(table: RecordTable, a: number, b: number): boolean {
  const { rows } = table;
  return (
    rows[a * SLOTS + FIELD.idNumber] !== rows[b * SLOTS + FIELD.idNumber] &&
    isFlagged(table, a, PersonFlag.validId) &&
    isFlagged(table, b, PersonFlag.validId)
  );
}

/** The text of a value. */
export function textOf(table: RecordTable, slot: number, code: number): string {
  const { units, offsets } = table.pools[poolOf(slot)]!;
  return String.fromCharCode(...units.subarray(offsets[code]!, offsets[code + 1]!));
}
