/** Transactions with cards of ours, for tables of what goes wrong with them. */
import type { Transaction } from './lines.ts';

/** What a card has paid, what is held of it, and what its chip has (fen): before, or after. */
export type Money = readonly [paidFen: number, heldFen: number, chipFen?: number];

export const NOTHING: Money = [0, 0];

/** What a terminal may reverse: what comes before it, its verb, the money before and after it. */
// biome-ignore format: a table, one transaction a line.
export const REVERSIBLE: Transaction<Money>[] = [
  ['purchase',              '',                                'buy',        NOTHING,             [1_000, 0]],
  ['void',                  'buy',                             'void',       [1_000, 0],          NOTHING],
  ['void of offline',       'offline',                         'void',       [1_000, 0],          NOTHING],
  ['pre-authorisation',     '',                                'hold',       NOTHING,             [0, 1_000]],
  ['its void',              'hold',                            'cancel',     [0, 1_000],          NOTHING],
  ['completion',            'hold',                            'complete',   [0, 1_000],          [900, 0],           [0, 900]],
  ['its void',              'hold; complete',                  'uncomplete', [900, 0],            [0, 900]],
  ['deposit',               '',                                'deposit',    NOTHING,             [0, 5_000]],
  ['charge',                'deposit',                         'charge',     [0, 5_000],          [1_000, 4_000]],
  ['its void',              'deposit; charge',                 'uncharge',   [1_000, 4_000],      [0, 5_000]],
  ['release',               'deposit',                         'release',    [0, 5_000],          NOTHING],
  ['cash paid in',          '',                                'cash',       NOTHING,             [-2_000, 0]],
  ['its void',              'cash',                            'uncash',     [-2_000, 0],         NOTHING],
  ['transfer',              '',                                'transfer',   NOTHING,             [700, 0]],
  ['scan payment',          '',                                'scan',       NOTHING,             [800, 0]],
  ['its void',              'scan',                            'scanvoid',   [800, 0],            NOTHING],
  ['load',                  '',                                'load',       NOTHING,             [0, 2_000]],
  ['load from cash',        '',                                'cashload',   NOTHING,             NOTHING],
  ['second load',           'load; prove',                     'load',       [2_000, 0, 2_000],   [2_000, 2_000, 2_000]],
  ['unload',                'fill; prove',                     'unload',     [3_000, 0, 3_000],   [3_000, 0, 3_000]],
];

/** What the dialect knows no reversal for. */
// biome-ignore format: the same.
export const FINAL: Transaction<Money>[] = [
  ['refund',                'buy',                             'refund',     [1_000, 0],          [600, 0]],
  ['completion notice',     'hold',                            'notice',     [0, 1_000],          [900, 0]],
  ['offline purchase',      '',                                'offline',    NOTHING,             [1_000, 0]],
  ['adjustment',            'buy',                             'adjust',     [1_000, 0],          [900, 0]],
  ['tip',                   'buy',                             'tip',        [1_000, 0],          [1_100, 0]],
  ['scan refund',           'scan',                            'scanrefund', [800, 0],            [500, 0]],
  ['proof of a load',       'load',                            'prove',      [0, 2_000],          [2_000, 0, 2_000]],
  ['proof of an unload',    'fill; prove; unload',             'unprove',    [3_000, 0, 3_000],   [1_800, 0, 1_800]],
  ['chip payment',          'load; prove',                     'chip',       [2_000, 0, 2_000],   [2_000, 0, 1_700]],
];
