/** Moving tallies: what refuses a move, and what it does. */
import type { EntryView } from './entry-view.ts';
import { TallyView } from './entry-view.ts';
import type { InstitutionTable } from './institutions.ts';
import type { NumberList } from './outcome.ts';
import { TALLY_NUMBERS } from './outcome.ts';
import type { TallyTable } from './tallies.ts';
import type { Undo } from './undo.ts';

const MAX = Number.MAX_SAFE_INTEGER;

export class TallyRules {
  private readonly tallies: TallyTable;
  private readonly institutions: InstitutionTable;
  private readonly undo: Undo;
  private readonly move = new TallyView();
  /** Rows that the entry at hand has moved. */
  private readonly moved: number[] = [];

  constructor(tallies: TallyTable, institutions: InstitutionTable, undo: Undo) {
    this.tallies = tallies;
    this.institutions = institutions;
    this.undo = undo;
  }

  /** Moves the entry's tallies and appends their new values; returns the index of the one that may not move, or -1. */
  apply(entry: EntryView, institution: number, position: number, values: NumberList): number {
    if (this.moved.length > 0) this.moved.length = 0;
    const { tallies, move } = this;
    for (let i = 0; i < entry.tallies.count; i++) {
      move.read(entry.bytes, entry.tallies.start(i), entry.tallies.end(i));
      const known = tallies.find(move.subject);
      const zero = known < 0 || move.reset || isTallyForgotten(tallies, this.institutions, known);
      const amountFen = (zero ? 0 : tallies.amountFen(known)) + move.amountFen;
      const count = (zero ? 0 : tallies.count(known)) + move.count;
      if (amountFen < 0 || amountFen > Math.min(move.limitFen, MAX)) return i;
      if (count < 0 || count > Math.min(move.limitCount, MAX)) return i;
      const row = this.rowFor(known);
      const day = this.institutions.day(institution);
      tallies.set(row, amountFen, count, institution, day, move.until, position);
      this.moved.push(row);
      const at = values.extend(TALLY_NUMBERS);
      values.values[at] = amountFen;
      values.values[at + 1] = count;
    }
    return -1;
  }

  /** Call when the entry is applied: tallies that are at zero lose their rows. */
  finish(): void {
    const { tallies } = this;
    for (const row of this.moved) {
      if (tallies.rows.inUse(row) && tallies.isZero(row)) tallies.rows.remove(row);
    }
  }

  private rowFor(known: number): number {
    if (known >= 0) {
      this.undo.keepRow(this.tallies.rows, known);
      return known;
    }
    const row = this.tallies.create(this.move.subject);
    this.undo.tallyCreated(row);
    return row;
  }
}

/** True when a tally counts as zero because its time is over. */
export function isTallyForgotten(
  tallies: TallyTable,
  institutions: InstitutionTable,
  row: number,
): boolean {
  return tallies.isForgotten(row, institutions.day(tallies.institution(row)));
}
