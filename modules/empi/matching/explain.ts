/** The degree of match of two records, and why: each field's weight in bits and in words. */
import { type LinkRefusal, pairRefusal } from './cluster.ts';
import { FIELD, FIELDS, LEVEL, LEVELS, type Level } from './fields.ts';
import type { Thresholds } from './model.ts';
import { PersonFlag } from './normalise.ts';
import { combine, probabilityOf, type Scorer } from './score.ts';
import { isFlagged, type RecordTable, SLOTS } from './store.ts';

export type Verdict = 'auto' | 'manual' | 'none';

export interface FieldEvidence {
  field: string;
  level: Level | 'missing';
  /** Weight in bits: how many doublings of the odds; negative speaks against. */
  bits: number;
  wordsZh: string;
  wordsEn: string;
}

export interface MatchExplanation {
  probability: number;
  verdict: Verdict;
  /** The deterministic rule that holds, if one does. */
  rule: string | null;
  /** Why people must decide although the degree is high; empty when nothing forbids. */
  guards: string[];
  fields: FieldEvidence[];
  /** What members of one household share anyway, taken off, in bits. */
  householdBits: number;
}

const WORDS: Record<Level | 'missing', [string, string]> = {
  exact: ['相同', 'the same'],
  close: ['几乎相同', 'nearly the same'],
  similar: ['相近', 'alike'],
  swapped: ['互换', 'in each other’s place'],
  differs: ['不同', 'different'],
  conflict: ['两个有效号码不同', 'two different valid numbers'],
  missing: ['缺失', 'not known of both'],
};

/** Rules that need no probability: all fields of a row agree exactly. */
const RULES: readonly { name: string; fields: readonly (keyof typeof FIELD)[] }[] = [
  { name: 'valid identity number and name', fields: ['idNumber', 'surname', 'givenName'] },
  {
    name: 'name, sex, birth date and phone',
    fields: ['surname', 'givenName', 'sex', 'birthDate', 'phone'],
  },
];

/** Explains two records of a table. */
export function explainPair(
  table: RecordTable,
  scorer: Scorer,
  a: number,
  b: number,
  thresholds: Thresholds,
): MatchExplanation {
  const startA = a * SLOTS;
  const startB = b * SLOTS;
  let match = scorer.prior.match;
  let household = scorer.prior.household;
  const fields: FieldEvidence[] = [];
  FIELDS.forEach(({ name, nameZh, nameEn }, field) => {
    const level = scorer.comparer.level(field, startA, startB);
    if (level === LEVEL.missing) return;
    const bits = scorer.fieldBits(field, level, table.rows[startA + field]!);
    match += bits.match;
    household += bits.household;
    const [zh, en] = WORDS[LEVELS[level]!];
    fields.push({
      field: name,
      level: LEVELS[level]!,
      bits: round(bits.match),
      wordsZh: `${nameZh}${zh}`,
      wordsEn: `${nameEn} ${en}`,
    });
  });
  const probability = probabilityOf(combine(match, household));
  const guards = guardsOf(table, a, b);
  const rule = ruleOf(table, a, b);
  const isSure =
    rule !== null ||
    (probability >= thresholds.auto && speaksOfThePerson(fields) && singlesOut(fields));
  const verdict = verdictOf({
    isSure,
    isPossible: rule !== null || (probability >= thresholds.manual && speaksOfThePerson(fields)),
    isGuarded: guards.length > 0,
  });
  const householdBits = round(match - combine(match, household));
  return { probability, verdict, rule, guards, fields, householdBits };
}

function verdictOf(found: { isSure: boolean; isPossible: boolean; isGuarded: boolean }): Verdict {
  if (found.isSure && !found.isGuarded) return 'auto';
  return found.isPossible ? 'manual' : 'none';
}

/** A phone or an address alone is a household's: a name, a date or a number must agree as well. */
function speaksOfThePerson(fields: FieldEvidence[]): boolean {
  return fields.some(({ field, bits }) => OWN.has(field) && bits > 0);
}

/** A surname and a birth date alone are shared by strangers, however few persons the index has. */
function singlesOut(fields: FieldEvidence[]): boolean {
  return fields.some(({ field, bits }) => SINGLING_OUT.has(field) && bits > 0);
}

const SINGLING_OUT = new Set<string>(['idNumber', 'givenName']);
const OWN = new Set<string>(['idNumber', 'birthDate', 'surname', 'givenName']);

function ruleOf(table: RecordTable, a: number, b: number): string | null {
  const { rows } = table;
  for (const { name, fields } of RULES) {
    const holds = fields.every((field) => {
      const code = rows[a * SLOTS + FIELD[field]]!;
      return code !== 0 && code === rows[b * SLOTS + FIELD[field]];
    });
    const isValid = !fields.includes('idNumber') || isFlagged(table, a, PersonFlag.validId);
    if (holds && isValid) return name;
  }
  return null;
}

/** Two sexes and two birth dates are a slip or two people: only people can tell. */
function guardsOf(table: RecordTable, a: number, b: number): string[] {
  const guards: string[] = [];
  const refusal: LinkRefusal | null = pairRefusal(table, a, b);
  if (refusal !== null) guards.push(refusal);
  for (const field of ['sex', 'birthDate'] as const) {
    const first = table.rows[a * SLOTS + FIELD[field]]!;
    const second = table.rows[b * SLOTS + FIELD[field]]!;
    if (first !== 0 && second !== 0 && first !== second) guards.push(`two values of ${field}`);
  }
  const isSaid = (flag: number) => isFlagged(table, a, flag) || isFlagged(table, b, flag);
  if (isSaid(PersonFlag.sexDisagrees)) guards.push('identity number says another sex');
  if (isSaid(PersonFlag.dateDisagrees)) guards.push('identity number says another birth date');
  return guards;
}

function round(bits: number): number {
  return Math.round(bits * 10) / 10;
}
