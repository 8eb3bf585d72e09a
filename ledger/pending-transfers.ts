/**
 * Pending transfers in memory: those that are open, and those that were resolved in the institution's
 * current or last business day, so that a second resolution gets the precise answer.
 */
import type { IdWords } from './entry-view.ts';
import { RowTable } from './row-table.ts';

export const PENDING_OPEN = 0;
export const PENDING_POSTED = 1;
export const PENDING_VOIDED = 2;
export const PENDING_EXPIRED = 3;

/** Closings of the business day that a resolved transfer outlives. */
const KEPT_DAYS = 1;

const ROW_WORDS = 16;
/** As 32-bit words of the row. */
const DEBIT_ROW = 4;
const CREDIT_ROW = 5;
const STATE = 6;
const CODE_AND_FLAGS = 7;
const INSTITUTION = 14;
const DAY = 15;
/** As 64-bit numbers of the row. */
const AMOUNT = 4;
const EXPIRES = 5;
const POSITION = 6;

export class PendingTable {
  readonly rows = new RowTable(ROW_WORDS);

  find(id: IdWords): number {
    return this.rows.find(id.w0, id.w1, id.w2, id.w3);
  }

  create(
    id: IdWords,
    debitRow: number,
    creditRow: number,
    codeAndFlags: number,
    amountFen: number,
    expiresUs: number,
    institution: number,
    position: number,
  ): number {
    const rows = this.rows;
    const row = rows.insert(id.w0, id.w1, id.w2, id.w3);
    const words = rows.wordsOf(row);
    const at = rows.wordAt(row);
    words[at + DEBIT_ROW] = debitRow;
    words[at + CREDIT_ROW] = creditRow;
    words[at + CODE_AND_FLAGS] = codeAndFlags;
    words[at + INSTITUTION] = institution;
    const numbers = rows.numbersOf(row);
    const numberAt = rows.numberAt(row);
    numbers[numberAt + AMOUNT] = amountFen;
    numbers[numberAt + EXPIRES] = expiresUs;
    numbers[numberAt + POSITION] = position;
    return row;
  }

  /** Sets the state; the day is that of the institution which resolved it. */
  resolve(row: number, state: number, institution: number, day: number, position: number): void {
    const words = this.rows.wordsOf(row);
    const at = this.rows.wordAt(row);
    words[at + STATE] = state;
    words[at + INSTITUTION] = institution;
    words[at + DAY] = day;
    this.rows.numbersOf(row)[this.rows.numberAt(row) + POSITION] = position;
  }

  debitRow(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + DEBIT_ROW]!;
  }

  creditRow(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + CREDIT_ROW]!;
  }

  state(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + STATE]!;
  }

  code(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + CODE_AND_FLAGS]! >>> 8;
  }

  /** The transfer's flags: which sides it closed. */
  flags(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + CODE_AND_FLAGS]! & 0xff;
  }

  institution(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + INSTITUTION]!;
  }

  amountFen(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + AMOUNT]!;
  }

  /** 0: never. */
  expiresUs(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + EXPIRES]!;
  }

  position(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + POSITION]!;
  }

  day(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + DAY]!;
  }

  /** True when a resolved transfer's time in memory is over; it counts as not found from then on. */
  isForgotten(row: number, currentDay: number): boolean {
    return this.state(row) !== PENDING_OPEN && currentDay - this.day(row) > KEPT_DAYS;
  }

  id(row: number): Uint8Array {
    return this.rows.keyOf(row);
  }
}

/** Open pending transfers by the time at which they expire. Stale items are passed over. */
export class ExpiryQueue {
  private readonly heap: { expiresUs: number; row: number; position: number }[] = [];
  private readonly pendings: PendingTable;

  constructor(pendings: PendingTable) {
    this.pendings = pendings;
  }

  /** Adds every open pending transfer: after loading. */
  fill(): void {
    const { rows } = this.pendings;
    for (let row = 0; row < rows.rowCount; row++) {
      if (rows.inUse(row) && this.pendings.state(row) === PENDING_OPEN) this.add(row);
    }
  }

  add(row: number): void {
    const expiresUs = this.pendings.expiresUs(row);
    if (expiresUs === 0) return;
    const heap = this.heap;
    heap.push({ expiresUs, row, position: this.pendings.position(row) });
    let child = heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (heap[parent]!.expiresUs <= heap[child]!.expiresUs) break;
      [heap[parent], heap[child]] = [heap[child]!, heap[parent]!];
      child = parent;
    }
  }

  /** When the next transfer expires, or Infinity. */
  nextUs(): number {
    this.dropStale();
    return this.heap[0]?.expiresUs ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the row that expires first, when its time has come by `nowUs`; -1 otherwise. */
  takeDue(nowUs: number): number {
    this.dropStale();
    const first = this.heap[0];
    if (first === undefined || first.expiresUs > nowUs) return -1;
    this.pop();
    return first.row;
  }

  private dropStale(): void {
    for (let first = this.heap[0]; first !== undefined; first = this.heap[0]) {
      const { row, expiresUs, position } = first;
      const pendings = this.pendings;
      const current =
        pendings.rows.inUse(row) &&
        pendings.state(row) === PENDING_OPEN &&
        pendings.expiresUs(row) === expiresUs &&
        pendings.position(row) === position;
      if (current) return;
      this.pop();
    }
  }

  private pop(): void {
    const heap = this.heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let parent = 0; ; ) {
      let least = parent;
      for (const child of [parent * 2 + 1, parent * 2 + 2]) {
        if (child < heap.length && heap[child]!.expiresUs < heap[least]!.expiresUs) least = child;
      }
      if (least === parent) return;
      [heap[parent], heap[least]] = [heap[least]!, heap[parent]!];
      parent = least;
    }
  }
}
