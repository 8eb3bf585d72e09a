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
 * answer whole, fields that it does not repeat are left out of the comparison.
 */
export function findTransaction(
  rows: readonly TransactionRow[],
  message: Message,
): TransactionMatch | null {
  const { mti } = message;
  const isAnswer = Number(mti[2]) % 2 === 1;
  const request = `${mti.slice(0, 2)}${Number(mti[2]) - (isAnswer ? 1 : 0)}${mti[3]}`;
  const reversal = mti[1] === '4';
  const candidates = rows.filter((row) =>
    reversal ? row.reversible === true : row.mti === request,
  );
  const row =
    candidates.find((candidate) => rowFits(candidate, message, false)) ??
    (isAnswer ? candidates.find((candidate) => rowFits(candidate, message, true)) : undefined);
  return row === undefined ? null : { row, reversal };
}

function rowFits(row: TransactionRow, message: Message, mayMiss: boolean): boolean {
  for (const field in row.fields) {
    const value = message.get(Number(field));
    if (value === undefined ? !mayMiss : !matchesPattern(value, row.fields[field]!)) return false;
  }
  return true;
}

/** Whether a value begins with the pattern, where `x` stands for any character. */
export function matchesPattern(value: string, pattern: string): boolean {
  if (value.length < pattern.length) return false;
  for (let index = 0; index < pattern.length; index++) {
    if (pattern[index] !== 'x' && pattern[index] !== value[index]) return false;
  }
  return true;
}
