/** A terminal's own totals of its batch: what it compares with the host at settlement. */
import { type SimulatedTransaction, TRANSACTIONS } from './transactions.ts';

export interface Totals {
  debitFen: number;
  debitCount: number;
  creditFen: number;
  creditCount: number;
}

/** Which side of field 48 a transaction counts on. */
const SIDES: Record<string, 'debit' | 'credit' | undefined> = {
  purchase: 'debit',
  void: 'credit',
  refund: 'credit',
  ...Object.fromEntries(
    Object.entries(TRANSACTIONS).map(([name, row]: [string, SimulatedTransaction]) => [
      name,
      row.side,
    ]),
  ),
};

export class TerminalTotals {
  current: Totals = emptyTotals();

  add(kind: string, amountFen: number): void {
    if (SIDES[kind] === 'debit') {
      this.current.debitFen += amountFen;
      this.current.debitCount++;
    } else if (SIDES[kind] === 'credit') {
      this.current.creditFen += amountFen;
      this.current.creditCount++;
    }
  }

  /** Another amount in place of a payment's. */
  adjust(replacedFen: number, amountFen: number): void {
    this.current.debitFen += amountFen - replacedFen;
  }

  reset(): void {
    this.current = emptyTotals();
  }
}

function emptyTotals(): Totals {
  return { debitFen: 0, debitCount: 0, creditFen: 0, creditCount: 0 };
}
