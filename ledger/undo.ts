/**
 * What an entry has touched so far, so that all of it can be taken back when a later part of the
 * entry is refused, or when it was only a trial.
 */
import type { AccountTable } from './accounts.ts';
import { NumberList } from './outcome.ts';
import type { PendingTable } from './pending-transfers.ts';
import type { RowTable } from './row-table.ts';
import type { TallyTable } from './tallies.ts';

type Step = () => void;

export class Undo {
  private readonly accounts: AccountTable;
  private readonly pendings: PendingTable;
  private readonly tallies: TallyTable;
  /** Per touched account: row, then the row's six numbers beside the key. */
  private readonly rows = new NumberList();
  /** The rarer changes, each with what takes it back. */
  private readonly steps: Step[] = [];
  /** Rows of the pending transfers that were made. */
  readonly createdPendings: number[] = [];
  /** False while nothing that happens can be refused any more, so that nothing need be kept. */
  keeping = true;

  constructor(accounts: AccountTable, pendings: PendingTable, tallies: TallyTable) {
    this.accounts = accounts;
    this.pendings = pendings;
    this.tallies = tallies;
  }

  clear(): void {
    this.keeping = true;
    this.rows.length = 0;
    if (this.steps.length > 0) this.steps.length = 0;
    if (this.createdPendings.length > 0) this.createdPendings.length = 0;
  }

  /** Call before an account's balances or flags change. */
  touch(row: number): void {
    if (!this.keeping) return;
    const at = this.rows.extend(7);
    const kept = this.rows.values;
    const numbers = this.accounts.rows.numbersOf(row);
    const from = this.accounts.rows.numberAt(row) + 2;
    kept[at] = row;
    for (let i = 0; i < 6; i++) kept[at + 1 + i] = numbers[from + i]!;
  }

  /** Call after an account was opened. */
  opened(row: number): void {
    this.steps.push(() => this.accounts.rows.removeLast(row));
  }

  /** Call after a pending transfer was made. */
  pendingCreated(row: number): void {
    this.createdPendings.push(row);
    if (this.keeping) this.steps.push(() => this.pendings.rows.remove(row));
  }

  /** Call before a row of pending transfers or tallies changes. */
  keepRow(table: RowTable, row: number): void {
    if (!this.keeping) return;
    const at = table.wordAt(row);
    const kept = table.wordsOf(row).slice(at, at + table.rowWords);
    this.steps.push(() => table.wordsOf(row).set(kept, at));
  }

  /** Call after a tally's row was made. */
  tallyCreated(row: number): void {
    this.steps.push(() => this.tallies.rows.remove(row));
  }

  /** For what has no method of its own here. */
  add(step: Step): void {
    this.steps.push(step);
  }

  /** Takes everything back, last change first. */
  rollBack(): void {
    const kept = this.rows.values;
    for (let at = this.rows.length - 7; at >= 0; at -= 7) {
      const row = kept[at]!;
      const numbers = this.accounts.rows.numbersOf(row);
      const to = this.accounts.rows.numberAt(row) + 2;
      for (let i = 0; i < 6; i++) numbers[to + i] = kept[at + 1 + i]!;
    }
    for (let i = this.steps.length - 1; i >= 0; i--) this.steps[i]!();
    this.clear();
  }
}
