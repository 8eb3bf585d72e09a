/** Transactions with cards of a bank, for tables of what goes wrong with them. */
import type { Transaction } from './lines.ts';

/** Given up without an answer: what comes before it, its verb, what the bank owes before and after it. */
// biome-ignore format: a table, one transaction a line.
export const REVERSIBLE: Transaction<number>[] = [
  ['purchase',          '',               'buy',            0, 1_000],
  ['void',              'buy',            'void',       1_000,     0],
  ['authorisation',     '',               'hold',           0,     0],
  ['its void',          'hold',           'cancel',         0,     0],
  ['completion',        'hold',           'complete',       0,   900],
  ['its void',          'hold; complete', 'uncomplete',   900,     0],
  ['cash paid in',      '',               'cash',           0, -2_000],
  ['its void',          'cash',           'uncash',    -2_000,     0],
  ['transfer to ours',  '',               'transfer',       0,   700],
];

/** Asked again until it is answered. */
// biome-ignore format: a table, one transaction a line.
export const REPEATABLE: Transaction<number>[] = [
  ['refund',            'buy',            'refund',     1_000,   600],
];

/** Done here at once, and the bank is told. */
// biome-ignore format: a table, one transaction a line.
export const ADVISED: Transaction<number>[] = [
  ['completion notice', 'hold',           'notice',         0,   900],
  ['offline purchase',  '',               'offline',        0, 1_000],
  ['adjustment',        'buy',            'adjust',     1_000,   900],
  ['tip',               'buy',            'tip',        1_000, 1_100],
];
