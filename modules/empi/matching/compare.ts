/** The comparison of two records: a level for each field. */
import { type Comparator, FIELD, FIELD_COUNT, FIELDS, LEVEL } from './fields.ts';
import { PersonFlag } from './normalise.ts';
import { bigramDice, editDistance, jaroWinkler } from './similarity.ts';
import { poolOf, type RecordTable, SLOT } from './store.ts';
import type { TextPool } from './text-pool.ts';

type CompareTexts = (pool: TextPool, a: number, b: number) => number;

const FIRST_HAN = 0x3400;

/** Equal texts never get here: codes told them already. */
const BY_COMPARATOR: Readonly<Record<Comparator, CompareTexts>> = {
  identity: compareIdentity,
  date: compareDates,
  name: compareNames,
  text: compareTexts,
  number: compareNumbers,
  exact: () => LEVEL.differs,
  address: compareAddresses,
};

/** The field that a field's value may have changed places with; -1 for none. */
const PARTNER = FIELDS.map(({ name }) => {
  if (name === 'surname') return FIELD.givenName;
  if (name === 'givenName') return FIELD.surname;
  if (name === 'street') return FIELD.locality;
  if (name === 'locality') return FIELD.street;
  return -1;
});

function compareIdentity({ units, offsets }: TextPool, a: number, b: number): number {
  const startA = offsets[a]!;
  const startB = offsets[b]!;
  const lengthA = offsets[a + 1]! - startA;
  const distance = editDistance(units, startA, lengthA, startB, offsets[b + 1]! - startB, 3);
  if (distance <= 1) return LEVEL.close;
  return distance <= (lengthA < 9 ? 2 : 3) ? LEVEL.similar : LEVEL.differs;
}

function compareDates({ units, offsets }: TextPool, a: number, b: number): number {
  const startA = offsets[a]!;
  const startB = offsets[b]!;
  const lengthA = offsets[a + 1]! - startA;
  const lengthB = offsets[b + 1]! - startB;
  const distance = editDistance(units, startA, lengthA, startB, lengthB, 2);
  if (distance <= 1) return LEVEL.close;
  if (lengthA === 8 && lengthB === 8) {
    let sameYear = true;
    for (let i = 0; i < 4; i++) sameYear &&= units[startA + i] === units[startB + i];
    const swapped =
      units[startA + 4] === units[startB + 6] &&
      units[startA + 5] === units[startB + 7] &&
      units[startA + 6] === units[startB + 4] &&
      units[startA + 7] === units[startB + 5];
    if (sameYear && swapped) return LEVEL.close;
  }
  return distance === 2 ? LEVEL.similar : LEVEL.differs;
}

/** Short Chinese names are alike when one character is the same at its place. */
function compareNames({ units, offsets }: TextPool, a: number, b: number): number {
  const startA = offsets[a]!;
  const startB = offsets[b]!;
  const lengthA = offsets[a + 1]! - startA;
  const lengthB = offsets[b + 1]! - startB;
  if (units[startA]! >= FIRST_HAN || units[startB]! >= FIRST_HAN) {
    if (lengthA > 1 && lengthB > 1 && units[startA] === units[startB]) return LEVEL.similar;
    return units[startA + lengthA - 1] === units[startB + lengthB - 1]
      ? LEVEL.similar
      : LEVEL.differs;
  }
  const longer = Math.max(lengthA, lengthB);
  const limit = longer <= 4 ? 2 : 3;
  const distance = editDistance(units, startA, lengthA, startB, lengthB, limit);
  if (distance <= 1) return LEVEL.close;
  if (distance <= limit && distance * 5 <= longer * 2) return LEVEL.similar;
  return jaroWinkler(units, startA, lengthA, startB, lengthB) >= 0.85
    ? LEVEL.similar
    : LEVEL.differs;
}

function compareTexts({ units, offsets }: TextPool, a: number, b: number): number {
  const startA = offsets[a]!;
  const startB = offsets[b]!;
  const lengthA = offsets[a + 1]! - startA;
  const lengthB = offsets[b + 1]! - startB;
  const distance = editDistance(units, startA, lengthA, startB, lengthB, 4);
  if (distance <= 1) return LEVEL.close;
  const longer = Math.max(lengthA, lengthB);
  if (distance <= 4 && distance * 5 <= longer * 2) return LEVEL.similar;
  return jaroWinkler(units, startA, lengthA, startB, lengthB) >= 0.92
    ? LEVEL.similar
    : LEVEL.differs;
}

function compareNumbers({ units, offsets }: TextPool, a: number, b: number): number {
  const startA = offsets[a]!;
  const startB = offsets[b]!;
  const lengthA = offsets[a + 1]! - startA;
  const lengthB = offsets[b + 1]! - startB;
  return editDistance(units, startA, lengthA, startB, lengthB, 1) <= 1
    ? LEVEL.close
    : LEVEL.differs;
}

function compareAddresses({ units, offsets }: TextPool, a: number, b: number): number {
  const startA = offsets[a]!;
  const startB = offsets[b]!;
  const lengthA = offsets[a + 1]! - startA;
  const dice = bigramDice(units, startA, lengthA, startB, offsets[b + 1]! - startB);
  if (dice >= 0.8) return LEVEL.close;
  return dice >= 0.55 ? LEVEL.similar : LEVEL.differs;
}

const CACHE_SLOTS = 1 << 16;

/** Compares records of one table; keeps the last results of names and texts, which come again and again. */
export class Comparer {
  private readonly rows: Int32Array;
  private readonly pools: TextPool[];
  private readonly functions: CompareTexts[];
  private readonly caches: ({ keys: Float64Array; levels: Uint8Array } | null)[];

  /** `keeps`: for many comparisons; without it nothing is kept and making one is cheap. */
  constructor(table: RecordTable, keeps = true) {
    this.rows = table.rows;
    this.pools = FIELDS.map((_, field) => table.pools[poolOf(field)]!);
    this.functions = FIELDS.map(({ comparator }) => BY_COMPARATOR[comparator]);
    this.caches = FIELDS.map(({ comparator }, field) => {
      const isWorthIt = comparator === 'name' || comparator === 'text';
      if (!keeps || !isWorthIt || table.present[field]! < 1000) return null;
      return { keys: new Float64Array(CACHE_SLOTS), levels: new Uint8Array(CACHE_SLOTS) };
    });
  }

  /** The level of one field; `a` and `b` are where the records' rows start. */
  level(field: number, a: number, b: number): number {
    const { rows } = this;
    const codeA = rows[a + field]!;
    const codeB = rows[b + field]!;
    if (codeA === codeB) return codeA === 0 ? LEVEL.missing : LEVEL.exact;
    const partner = PARTNER[field]!;
    // One crossing a field: a's surname is b's given name, and a's given name is b's surname.
    if (codeA !== 0 && partner >= 0 && codeA === rows[b + partner]) return LEVEL.swapped;
    if (codeA === 0 || codeB === 0) return LEVEL.missing;
    if (field === FIELD.idNumber) return this.identityLevel(a, b, codeA, codeB);
    if (field === FIELD.surname && sameSound(rows, a, b, SLOT.surnameSound)) return LEVEL.close;
    if (field === FIELD.givenName && sameSound(rows, a, b, SLOT.givenSound)) return LEVEL.close;
    return this.textLevel(field, codeA, codeB);
  }

  /** All levels at once, into `levels`. */
  levels(a: number, b: number, levels: Uint8Array): void {
    for (let field = 0; field < FIELD_COUNT; field++) levels[field] = this.level(field, a, b);
  }

  private identityLevel(a: number, b: number, codeA: number, codeB: number): number {
    const flagsA = this.rows[a + SLOT.flags]!;
    const flagsB = this.rows[b + SLOT.flags]!;
    if (flagsA & flagsB & PersonFlag.validId) return LEVEL.conflict;
    if (flagsA >> 8 !== flagsB >> 8) return LEVEL.missing;
    return this.textLevel(FIELD.idNumber, codeA, codeB);
  }

  private textLevel(field: number, codeA: number, codeB: number): number {
    const cache = this.caches[field]!;
    const compare = this.functions[field]!;
    const pool = this.pools[field]!;
    if (cache === null) return compare(pool, codeA, codeB);
    const low = codeA < codeB ? codeA : codeB;
    const high = codeA < codeB ? codeB : codeA;
    const key = low * 0x8000000 + high;
    const slot = (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 16;
    if (cache.keys[slot] === key) return cache.levels[slot]!;
    const level = compare(pool, codeA, codeB);
    cache.keys[slot] = key;
    cache.levels[slot] = level;
    return level;
  }
}

function sameSound(rows: Int32Array, a: number, b: number, slot: number): boolean {
  return rows[a + slot] !== 0 && rows[a + slot] === rows[b + slot];
}
