/** Two states against each other: what is known of accounts, pending transfers, tallies, ids and days. */

import { idToHex } from './id.ts';
import type { RowTable } from './row-table.ts';
import type { LedgerState } from './state.ts';

/** Differences that are named; the rest is counted. */
const NAMED = 5;
const KEY_WORDS = 4;

/** Sentences about what `actual` has otherwise than `expected`; empty when nothing. */
export function differences(expected: LedgerState, actual: LedgerState): string[] {
  const problems: string[] = [];
  if (expected.position !== actual.position) {
    problems.push(`the head is ${actual.position}, not ${expected.position}`);
  }
  const days = (state: LedgerState) => JSON.stringify(state.institutions.list);
  if (days(expected) !== days(actual)) problems.push('the business days differ');
  const all = () => true;
  compareRows('account', expected.accounts.rows, actual.accounts.rows, all, problems);
  compareRows('entry', expected.ids.rows, actual.ids.rows, all, problems);
  compareRows(
    'pending transfer',
    expected.pendings.rows,
    actual.pendings.rows,
    (table, row) => {
      const state = table === expected.pendings.rows ? expected : actual;
      const day = state.institutions.day(state.pendings.institution(row));
      return !state.pendings.isForgotten(row, day);
    },
    problems,
  );
  compareRows(
    'tally',
    expected.tallies.rows,
    actual.tallies.rows,
    (table, row) => {
      const state = table === expected.tallies.rows ? expected : actual;
      const day = state.institutions.day(state.tallies.institution(row));
      return !state.tallies.isForgotten(row, day);
    },
    problems,
  );
  return problems;
}

/** Compares the rows that count; row numbers may differ, what stands in the rows may not. */
function compareRows(
  what: string,
  expected: RowTable,
  actual: RowTable,
  counts: (table: RowTable, row: number) => boolean,
  problems: string[],
): void {
  let different = 0;
  let live = 0;
  for (let row = 0; row < expected.rowCount; row++) {
    if (!expected.inUse(row) || !counts(expected, row)) continue;
    live++;
    // Both were mostly filled in the same order.
    if (actual.inUse(row) && sameRow(expected, row, actual, row, 0)) continue;
    const other = sameKey(expected, row, actual);
    if (other >= 0 && sameRow(expected, row, actual, other, KEY_WORDS)) continue;
    different++;
    if (different <= NAMED) problems.push(`${what} ${keyOf(expected, row)} is not what it must be`);
  }
  for (let row = 0; row < actual.rowCount; row++) {
    if (actual.inUse(row) && counts(actual, row)) live--;
  }
  if (different > NAMED) problems.push(`${different} of kind ${what} are not what they must be`);
  if (live < 0) problems.push(`${-live} of kind ${what} are there that must not be`);
}

function sameKey(from: RowTable, row: number, table: RowTable): number {
  const words = from.wordsOf(row);
  const at = from.wordAt(row);
  return table.find(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
}

/** Compares the words of two rows from one on. */
function sameRow(a: RowTable, rowA: number, b: RowTable, rowB: number, from: number): boolean {
  const wordsA = a.wordsOf(rowA);
  const wordsB = b.wordsOf(rowB);
  const atA = a.wordAt(rowA);
  const atB = b.wordAt(rowB);
  for (let i = from; i < a.rowWords; i++) if (wordsA[atA + i] !== wordsB[atB + i]) return false;
  return true;
}

function keyOf(table: RowTable, row: number): string {
  return idToHex(table.keyOf(row));
}
