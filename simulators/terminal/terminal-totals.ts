/** A terminal's own totals of its batch: what it compares with the host at settlement. */

export interface Totals {
  debitFen: number;
  debitCount: number;
  creditFen: number;
  creditCount: number;
}

/** Which side of field 48 a transaction counts on. */
const SIDES: Record<string, 'debit' | 'credit'> = {
  purchase: 'debit',
  void: 'credit',
  refund: 'credit',
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

  reset(): void {
    this.current = emptyTotals();
  }
}

function emptyTotals(): Totals {
  return { debitFen: 0, debitCount: 0, creditFen: 0, creditCount: 0 };
}
