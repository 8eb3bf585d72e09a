/** Fees and pay dates, a line a case. */
import t from 'tap';
import { payOutDate } from '../../modules/clearing/calendar.ts';
import { feeFen, returnableFeeFen, returnedShareFen } from '../../modules/clearing/fee.ts';
import { safeText } from '../../modules/clearing/files/tables.ts';
import { calendar } from '../../modules/clearing/terms.ts';

const FEES: [
  what: string,
  amountFen: number,
  rateMicros: number,
  minFen: number,
  capFen: number,
  perItemFen: number,
  fee: number,
  returned: number,
][] = [
  ['0.38 % of 100.00', 10_000, 3_800, 0, 0, 0, 38, 38],
  ['half a fen goes up', 2_500, 3_800, 0, 0, 0, 10, 10],
  ['just below half a fen', 1_315, 3_800, 0, 0, 0, 5, 5],
  ['a cap', 1_000_000, 3_800, 0, 2_000, 0, 2_000, 2_000],
  ['a minimum', 100, 3_800, 10, 0, 0, 10, 0],
  ['a fee per item', 10_000, 3_800, 0, 0, 50, 88, 38],
  ['minimum, cap and item', 10_000, 3_800, 100, 60, 50, 60, 38],
  ['nothing for nothing', 0, 3_800, 10, 0, 50, 0, 0],
  ['a rate of nothing', 10_000, 0, 0, 0, 0, 0, 0],
  ['the largest amount', 9_007_199_254_740_991, 1, 0, 0, 0, 9_007_199_255, 9_007_199_255],
];

t.test('fees', async (t) => {
  for (const [
    what,
    amountFen,
    feeRateMicros,
    feeMinFen,
    feeCapFen,
    feePerItemFen,
    fee,
    back,
  ] of FEES) {
    const terms = { feeRateMicros, feeMinFen, feeCapFen, feePerItemFen };
    t.equal(feeFen(amountFen, terms), fee, what);
    t.equal(returnableFeeFen(amountFen, terms), back, `${what}: given back`);
  }
});

/** Payments of which several refunds are made: what each gives back, and never more than the fee in all. */
// biome-ignore format: one line a case.
const SHARES: [what: string, paidFen: number, returnableFen: number, refunds: number[], back: number[]][] = [
  ['a fee at its cap, in two parts',         50_000, 100, [30_000, 20_000],        [60, 40]],
  ['a fee of one fen, in halves',               264,   1, [132, 132],              [1, 0]],
  ['the last part gives the rest',            1_000,   4, [333, 333, 334],         [1, 2, 1]],
  ['many small parts',                           10,   3, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0, 1, 0, 0, 1, 0, 0, 0, 1, 0]],
  ['not all is given back',                  10_000,  38, [2_500],                 [10]],
  ['all at once',                            10_000,  38, [10_000],                [38]],
  ['no fee',                                 10_000,   0, [5_000, 5_000],          [0, 0]],
  ['the largest amount', 9_007_199_254_740_991, 9_007_199_255, [1, 9_007_199_254_740_990], [0, 9_007_199_255]],
];

t.test('fees that refunds give back', async (t) => {
  for (const [what, paidFen, returnableFen, refunds, back] of SHARES) {
    let beforeFen = 0;
    const returned = refunds.map((refundFen) => {
      const fee = returnedShareFen({ returnableFen, paidFen, beforeFen, refundFen });
      beforeFen += refundFen;
      return fee;
    });
    t.strictSame(returned, back, what);
  }
});

/** The national day of 2026: off from Thursday to Wednesday, Saturday the 10th is worked. */
const october = calendar.parse({
  holidays: ['20261001', '20261002', '20261005', '20261006', '20261007'],
  workdays: ['20261010'],
});

const DATES: [what: string, date: string, cycle: 'T+0' | 'T+1' | 'D+1', paid: string][] = [
  ['the same day', '20261003', 'T+0', '20261003'],
  ['the next day', '20260930', 'D+1', '20261001'],
  ['the next working day', '20260929', 'T+1', '20260930'],
  ['over a weekend', '20261120', 'T+1', '20261123'],
  ['over the holidays', '20260930', 'T+1', '20261008'],
  ['a Saturday that is worked', '20261009', 'T+1', '20261010'],
  ['over the end of the year', '20261231', 'D+1', '20270101'],
];

t.test('pay dates', async (t) => {
  for (const [what, date, cycle, paid] of DATES)
    t.equal(payOutDate(date, cycle, october), paid, what);
});

t.test('texts that a spreadsheet would run', async (t) => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '\t=1', '\r=1', '|cmd', '%1']) {
    t.equal(safeText(text), `'${text}`);
  }
  for (const text of ['门诊', 'A=1', '', '1-2']) t.equal(safeText(text), text);
});
