import type { TransactionRow } from './dialect.ts';
import type { Message } from './message.ts';

/** Which transaction a message belongs to. */
export interface TransactionMatch {
  readonly row: TransactionRow;
  /** The message undoes the transaction (x4xx). */
  readonly reversal: boolean;
}

/**
 * Finds the row of a request or an answer: an answer (`0210`) has the row of its request (`0200`),
 * a reversal the row of the transaction that it undoes. Null when no row fits. When no row fits an
 * answer whole, it has the row that it repeats the most of, if there is only one such row. Throws
 * ProtocolError `bad-digit` when a field that rows look at is broken.
 */
export function findTransaction(
  rows: readonly TransactionRow[],
  message: Message,
): TransactionMatch | null {
  let index = indexes.get(rows);
  if (index === undefined) {
    index = indexOf(rows);
    indexes.set(rows, index);
  }
  const { mti } = message;
  const role = mti.charCodeAt(2) - ZERO;
  const isAnswer = role % 2 === 1;
  const reversal = mti[1] === '4';
  const request = isAnswer ? `${mti.slice(0, 2)}${role - 1}${mti[3]}` : mti;
  const candidates = reversal ? index.reversible : index.byMti.get(request);
  if (candidates === undefined) return null;
  const values = new Map<number, string | undefined>();
  for (const field of candidates.fields) values.set(field, message.get(field));
  const row =
    candidates.rows.find((candidate) => missingOf(candidate, values) === 0) ??
    (isAnswer ? closestRow(candidates.rows, values) : undefined);
  return row === undefined ? null : { row: row.row, reversal };
}

const ZERO = 0x30;

/** Rows that compete for one message type, and the fields that decide between them. */
interface Candidates {
  readonly rows: PreparedRow[];
  readonly fields: Set<number>;
}

interface PreparedRow {
  readonly row: TransactionRow;
  readonly patterns: readonly (readonly [field: number, pattern: string])[];
}

interface Index {
  readonly byMti: Map<string, Candidates>;
  readonly reversible: Candidates;
}

/** Each table is sorted by message type once. */
const indexes = new WeakMap<readonly TransactionRow[], Index>();

function indexOf(rows: readonly TransactionRow[]): Index {
  const index: Index = { byMti: new Map(), reversible: { rows: [], fields: new Set() } };
  const add = (candidates: Candidates, row: TransactionRow): void => {
    const patterns = Object.entries(row.fields).map(
      ([field, pattern]) => [Number(field), pattern] as const,
    );
    candidates.rows.push({ row, patterns });
    for (const [field] of patterns) candidates.fields.add(field);
  };
  for (const row of rows) {
    const candidates = index.byMti.get(row.mti) ?? { rows: [], fields: new Set() };
    index.byMti.set(row.mti, candidates);
    add(candidates, row);
    if (row.reversible === true) add(index.reversible, row);
  }
  return index;
}

/** How many fields of a row the message does not have; infinitely many when one of them differs. */
function missingOf(
  { patterns }: PreparedRow,
  values: ReadonlyMap<number, string | undefined>,
): number {
  let missing = 0;
  for (const [field, pattern] of patterns) {
    const value = values.get(field);
    if (value === undefined) missing++;
    else if (!matchesPattern(value, pattern)) return Number.POSITIVE_INFINITY;
  }
  return missing;
}

/**
 * The row of which an answer misses the least. It must have the row's first field, the one that
 * names the kind of transaction: without it any row would do.
 */
function closestRow(
  rows: readonly PreparedRow[],
  values: ReadonlyMap<number, string | undefined>,
): PreparedRow | undefined {
  const possible = rows
    .filter(({ patterns }) => patterns[0] !== undefined && values.get(patterns[0][0]) !== undefined)
    .map((row) => ({ row, missing: missingOf(row, values) }))
    .filter(({ missing }) => missing < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.missing - b.missing);
  const [first, second] = possible;
  return first !== undefined && first.missing !== second?.missing ? first.row : undefined;
}

/** Whether a value begins with the pattern, where `x` stands for any character. */
export function matchesPattern(value: string, pattern: string): boolean {
  if (value.length < pattern.length) return false;
  for (let index = 0; index < pattern.length; index++) {
    if (pattern[index] !== 'x' && pattern[index] !== value[index]) return false;
  }
  return true;
}
