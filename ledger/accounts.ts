/** The accounts in memory: one row of 64 bytes each, exactly a cache line. */
import type { IdWords } from './entry-view.ts';
import { RowTable } from './row-table.ts';
import { type Account, AccountFlag, type Balances } from './types.ts';

const ROW_WORDS = 16;
/** As 64-bit numbers of the row: the four balances, and the position of the last change. */
const DEBITS_PENDING = 2;
const DEBITS_POSTED = 3;
const CREDITS_PENDING = 4;
const CREDITS_POSTED = 5;
const POSITION = 7;
/** As 32-bit words of the row. */
const LEDGER = 12;
const CODE_AND_FLAGS = 13;

export class AccountTable {
  readonly rows = new RowTable(ROW_WORDS);

  find(id: IdWords): number {
    return this.rows.find(id.w0, id.w1, id.w2, id.w3);
  }

  open(id: IdWords, ledger: number, code: number, flags: number, position: number): number {
    const rows = this.rows;
    const row = rows.insert(id.w0, id.w1, id.w2, id.w3);
    const words = rows.wordsOf(row);
    const at = rows.wordAt(row);
    words[at + LEDGER] = ledger;
    words[at + CODE_AND_FLAGS] = (code << 8) | flags;
    rows.numbersOf(row)[rows.numberAt(row) + POSITION] = position;
    return row;
  }

  ledger(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + LEDGER]!;
  }

  code(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + CODE_AND_FLAGS]! >>> 8;
  }

  flags(row: number): number {
    return this.rows.wordsOf(row)[this.rows.wordAt(row) + CODE_AND_FLAGS]! & 0xff;
  }

  setFlags(row: number, flags: number, position: number): void {
    const words = this.rows.wordsOf(row);
    const at = this.rows.wordAt(row) + CODE_AND_FLAGS;
    words[at] = (words[at]! & ~0xff) | flags;
    this.setPosition(row, position);
  }

  debitsPending(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + DEBITS_PENDING]!;
  }

  debitsPosted(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + DEBITS_POSTED]!;
  }

  creditsPending(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + CREDITS_PENDING]!;
  }

  creditsPosted(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + CREDITS_POSTED]!;
  }

  /** Adds to the debit side. */
  debit(row: number, pendingFen: number, postedFen: number, position: number): void {
    const numbers = this.rows.numbersOf(row);
    const at = this.rows.numberAt(row);
    numbers[at + DEBITS_PENDING] = numbers[at + DEBITS_PENDING]! + pendingFen;
    numbers[at + DEBITS_POSTED] = numbers[at + DEBITS_POSTED]! + postedFen;
    numbers[at + POSITION] = position;
  }

  /** Adds to the credit side. */
  credit(row: number, pendingFen: number, postedFen: number, position: number): void {
    const numbers = this.rows.numbersOf(row);
    const at = this.rows.numberAt(row);
    numbers[at + CREDITS_PENDING] = numbers[at + CREDITS_PENDING]! + pendingFen;
    numbers[at + CREDITS_POSTED] = numbers[at + CREDITS_POSTED]! + postedFen;
    numbers[at + POSITION] = position;
  }

  /** Where the four balances of a row are: `numbersOf(row)[balancesAt(row) + 0 … 3]`. */
  numbersOf(row: number): Float64Array {
    return this.rows.numbersOf(row);
  }

  balancesAt(row: number): number {
    return this.rows.numberAt(row) + DEBITS_PENDING;
  }

  /** Sets the four balances to those of a record. */
  setBalances(row: number, source: Float64Array, from: number, position: number): void {
    const numbers = this.rows.numbersOf(row);
    const at = this.balancesAt(row);
    for (let i = 0; i < 4; i++) numbers[at + i] = source[from + i]!;
    this.setPosition(row, position);
  }

  /** Of the last record that changed the account. */
  position(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + POSITION]!;
  }

  setPosition(row: number, position: number): void {
    this.rows.numbersOf(row)[this.rows.numberAt(row) + POSITION] = position;
  }

  balances(row: number): Balances {
    return {
      debitsPendingFen: this.debitsPending(row),
      debitsPostedFen: this.debitsPosted(row),
      creditsPendingFen: this.creditsPending(row),
      creditsPostedFen: this.creditsPosted(row),
    };
  }

  account(row: number): Account {
    const id = this.rows.keyOf(row);
    const ledger = this.ledger(row);
    return { id, ledger, code: this.code(row), flags: this.flags(row), ...this.balances(row) };
  }

  /** Adds the account's flag when `on`, takes it away otherwise. */
  setFlag(row: number, flag: number, on: boolean, position: number): void {
    const flags = this.flags(row);
    this.setFlags(row, on ? flags | flag : flags & ~flag, position);
  }
}

/** Flags that an account may be opened with. */
export const OPENING_FLAGS =
  AccountFlag.debitsMustNotExceedCredits |
  AccountFlag.creditsMustNotExceedDebits |
  AccountFlag.history |
  AccountFlag.debitsFrozen |
  AccountFlag.creditsFrozen;
