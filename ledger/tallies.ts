/** Running sums by subject, in memory. A tally at zero has no row. */
import type { IdWords } from './entry-view.ts';
import { RowTable } from './row-table.ts';

/** As on disk: TallyMove.until. */
export const UNTIL_LONG = 0;
export const UNTIL_DAY = 1;
export const UNTIL_BATCH = 2;

/** Closings of the business day that a `long` tally outlives its last move. */
const LONG_DAYS = 400;

const ROW_WORDS = 14;
/** As 64-bit numbers of the row. */
const AMOUNT = 2;
const COUNT = 3;
const POSITION = 4;
/** As 32-bit words of the row. */
const INSTITUTION = 10;
const DAY = 11;
const UNTIL = 12;

export class TallyTable {
  readonly rows = new RowTable(ROW_WORDS);

  find(subject: IdWords): number {
    return this.rows.find(subject.w0, subject.w1, subject.w2, subject.w3);
  }

  create(subject: IdWords): number {
    return this.rows.insert(subject.w0, subject.w1, subject.w2, subject.w3);
  }

  amountFen(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + AMOUNT]!;
  }

  count(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + COUNT]!;
  }

  position(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + POSITION]!;
  }

  institution(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + INSTITUTION]!;
  }

  set(
    row: number,
    amountFen: number,
    count: number,
    institution: number,
    day: number,
    until: number,
    position: number,
  ): void {
    const numbers = this.rows.numbersOf(row);
    const numberAt = this.rows.numberAt(row);
    numbers[numberAt + AMOUNT] = amountFen;
    numbers[numberAt + COUNT] = count;
    numbers[numberAt + POSITION] = position;
    const words = this.rows.wordsOf(row);
    const at = this.rows.wordAt(row);
    words[at + INSTITUTION] = institution;
    words[at + DAY] = day;
    words[at + UNTIL] = until;
  }

  isZero(row: number): boolean {
    return this.amountFen(row) === 0 && this.count(row) === 0;
  }

  /** True when the time of a tally is over: it counts as zero from then on. */
  isForgotten(row: number, currentDay: number): boolean {
    const words = this.rows.wordsOf(row);
    const at = this.rows.wordAt(row);
    const until = words[at + UNTIL]!;
    if (until === UNTIL_BATCH) return false;
    return currentDay - words[at + DAY]! > (until === UNTIL_DAY ? 0 : LONG_DAYS);
  }
}
