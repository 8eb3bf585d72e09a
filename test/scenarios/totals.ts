/** What a terminal counts of its open batch, from nothing but the answers that it got. */
import { amount } from '../support/outside-terminal.ts';

export interface Counted {
  side: 'debit' | 'credit';
  fen: number;
  card: string;
}

const NONE = '0'.repeat(31);

export class Totals {
  #counted = new Map<string, Counted>();
  /** The batch before, for its upload. */
  settled = new Map<string, Counted>();

  add(trace: string, counted: Counted): void {
    this.#counted.set(trace, counted);
  }

  remove(trace: string): void {
    this.#counted.delete(trace);
  }

  /** The batch has ended. */
  settle(): void {
    this.settled = this.#counted;
    this.#counted = new Map();
  }

  /** Field 48 of a settlement; `wrongFen` too much on the debit side. */
  field48(wrongFen: number): string {
    const half = (side: 'debit' | 'credit', moreFen: number) => {
      const own = [...this.#counted.values()].filter((one) => one.side === side);
      const fen = own.reduce((sum, one) => sum + one.fen, moreFen);
      return amount(fen) + String(own.length).padStart(3, '0');
    };
    return `${half('debit', wrongFen)}${half('credit', 0)}0${NONE}`;
  }
}
