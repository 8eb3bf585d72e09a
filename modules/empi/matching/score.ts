/**
 * How probable it is that two records are one person. Three explanations compete: one person, two
 * members of a household (who share surname, phone and address, and as twins the birth date), and
 * strangers. Each field multiplies the odds by how much better an explanation predicts what was seen.
 */
import { Comparer } from './compare.ts';
import { FIELD, FIELD_COUNT, FIELDS, type FieldName, LEVEL, LEVEL_COUNT } from './fields.ts';
import type { MatchModel } from './model.ts';
import { type RecordTable, SLOTS } from './store.ts';

/** Values that more records hold than one person plausibly has. */
const FREQUENT = 12;

/** What members of a household share because they share it, not by chance. */
const SHARED_AT_HOME = new Uint8Array(FIELD_COUNT).fill(1);
for (const name of ['idNumber', 'birthDate', 'givenName', 'sex'] as const)
  SHARED_AT_HOME[FIELD[name]] = 0;

/**
 * By field and code: how many bits it is worth that two records agree on this very value, −log2 of
 * its frequency; 0 where the field's average is used. Shared memory.
 */
export function agreementBits(table: RecordTable): Float32Array[] {
  return FIELDS.map(({ termFrequency }, field) => {
    const counts = table.counts[field]!;
    const present = Math.max(2, table.present[field]!);
    const bits = new Float32Array(new SharedArrayBuffer(counts.length * 4));
    for (let code = 1; code < counts.length; code++) {
      const count = counts[code]!;
      if (termFrequency === 'frequent' && count <= FREQUENT) continue;
      bits[code] = -Math.log2(Math.max(1, count - 1) / present);
    }
    return bits;
  });
}

export function isSharedAtHome(field: number): boolean {
  return SHARED_AT_HOME[field] === 1;
}

/** Evidence in bits for "one person" and for "one household", each against "strangers". */
export interface Bits {
  match: number;
  household: number;
}

/** The order in which unequal values are looked at: what is cheap and decides much comes first. */
const LOOKED_AT =
  'sex state surname givenName idNumber birthDate postcode streetNumber phone suburb street locality address'.split(
    ' ',
  ) as FieldName[];

/** Log-odds (base 2) are cut off here: beyond, nothing changes. */
const MOST_BITS = 200;

export interface ScorerOptions {
  /** Pairs whose log-odds stay below are given up early; their score is only an upper bound. */
  cutOff?: number;
  /** Whether comparisons are kept for the next time; not worth it for a handful of records. */
  keeps?: boolean;
}

export class Scorer {
  readonly comparer: Comparer;
  /** By field and level: log2 of match over stranger, and of household over stranger. */
  readonly matchBits = new Float64Array(FIELD_COUNT * (LEVEL_COUNT + 1));
  readonly householdBits = new Float64Array(FIELD_COUNT * (LEVEL_COUNT + 1));
  /** The same for an exact agreement whose value's own frequency is used: log2 of match alone. */
  private readonly exactMatchBits = new Float64Array(FIELD_COUNT);
  private readonly exactHouseholdBits = new Float64Array(FIELD_COUNT);
  /** By field: the most that a level other than exact can give. */
  private readonly bestUnequal = new Float64Array(FIELD_COUNT);
  private readonly order: Uint8Array;
  private readonly agreement: Float32Array[];
  private readonly rows: Int32Array;
  private readonly matchPrior: number;
  private readonly householdPrior: number;
  private readonly open = new Uint8Array(FIELD_COUNT);
  private readonly cutOff: number;

  constructor(
    table: RecordTable,
    model: MatchModel,
    agreement: Float32Array[],
    options: ScorerOptions = {},
  ) {
    const { cutOff = Number.NEGATIVE_INFINITY, keeps = true } = options;
    this.comparer = new Comparer(table, keeps);
    this.rows = table.rows;
    this.agreement = agreement;
    this.cutOff = cutOff;
    const strangers = 1 - model.matchRate - model.householdRate;
    this.matchPrior = Math.log2(model.matchRate / strangers);
    this.householdPrior = Math.log2(model.householdRate / strangers);
    this.order = Uint8Array.from(LOOKED_AT, (name) => FIELD[name]).filter(
      (field) => table.present[field]! > 0,
    );
    for (const [index, field] of model.fields.entries()) this.setField(index, field);
  }

  private setField(
    field: number,
    { match, household, stranger }: MatchModel['fields'][number],
  ): void {
    const row = field * (LEVEL_COUNT + 1);
    let best = 0;
    for (let level = 0; level < LEVEL_COUNT; level++) {
      const base = Math.log2(Math.max(1e-12, stranger[level]!));
      this.matchBits[row + level] = Math.log2(Math.max(1e-12, match[level]!)) - base;
      this.householdBits[row + level] = Math.log2(Math.max(1e-12, household[level]!)) - base;
      if (level !== LEVEL.exact && match[level]! > 0) {
        best = Math.max(best, this.matchBits[row + level]!);
      }
    }
    this.bestUnequal[field] = best;
    this.exactMatchBits[field] = Math.log2(match[LEVEL.exact]!);
    this.exactHouseholdBits[field] = SHARED_AT_HOME[field]
      ? Math.log2(household[LEVEL.exact]!)
      : Number.NaN;
  }

  /** Log-odds (base 2) that records a and b are one person. */
  score(a: number, b: number): number {
    const { rows, order, agreement, open } = this;
    const startA = a * SLOTS;
    const startB = b * SLOTS;
    let match = this.matchPrior;
    let household = this.householdPrior;
    let hope = 0;
    let opened = 0;
    for (let i = 0; i < order.length; i++) {
      const field = order[i]!;
      const codeA = rows[startA + field]!;
      if (codeA !== rows[startB + field]) {
        open[opened++] = field;
        hope += this.bestUnequal[field]!;
      } else if (codeA !== 0) {
        const bits = agreement[field]![codeA]!;
        match += this.exactBits(field, bits);
        household += this.exactHousehold(field, bits);
      }
    }
    for (let i = 0; i < opened; i++) {
      if (match + hope < this.cutOff) return match + hope;
      const field = open[i]!;
      hope -= this.bestUnequal[field]!;
      const level = this.comparer.level(field, startA, startB);
      if (level === LEVEL.missing) continue;
      match += this.matchBits[field * (LEVEL_COUNT + 1) + level]!;
      household += this.householdBits[field * (LEVEL_COUNT + 1) + level]!;
    }
    return combine(match, household);
  }

  /** Bits of one field at a level, for the explanation: as match, and as household. */
  fieldBits(field: number, level: number, code: number): Bits {
    const bits = level === LEVEL.exact ? this.agreement[field]![code]! : 0;
    if (bits === 0) return this.levelBits(field, level);
    const { match, household } = this.ownValueBits(field);
    return { match: match + bits, household: household + (isSharedAtHome(field) ? bits : 0) };
  }

  /** Bits of a level without regard to the value. */
  levelBits(field: number, level: number): Bits {
    if (level === LEVEL.missing) return { match: 0, household: 0 };
    const at = field * (LEVEL_COUNT + 1) + level;
    return { match: this.matchBits[at]!, household: this.householdBits[at]! };
  }

  /** Bits of an exact agreement, to which those of the value's own frequency are added. */
  ownValueBits(field: number): Bits {
    const household = isSharedAtHome(field)
      ? this.exactHouseholdBits[field]!
      : this.householdBits[field * (LEVEL_COUNT + 1)]!;
    return { match: this.exactMatchBits[field]!, household };
  }

  get prior(): Bits {
    return { match: this.matchPrior, household: this.householdPrior };
  }

  private exactBits(field: number, bits: number): number {
    return bits === 0
      ? this.matchBits[field * (LEVEL_COUNT + 1)]!
      : this.exactMatchBits[field]! + bits;
  }

  private exactHousehold(field: number, bits: number): number {
    return bits === 0 || !SHARED_AT_HOME[field]
      ? this.householdBits[field * (LEVEL_COUNT + 1)]!
      : this.exactHouseholdBits[field]! + bits;
  }
}

/** Log-odds of "one person" against both other explanations together. */
export function combine(match: number, household: number): number {
  const other = household > 40 ? household : Math.log2(1 + 2 ** household);
  return Math.max(-MOST_BITS, Math.min(MOST_BITS, match - other));
}

export function probabilityOf(logOdds: number): number {
  return 1 / (1 + 2 ** -logOdds);
}

export function logOddsOf(probability: number): number {
  return Math.log2(probability / (1 - probability));
}
