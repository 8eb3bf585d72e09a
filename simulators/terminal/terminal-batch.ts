/** A simulated terminal's batch: its number and totals, the trace numbers, and field 60, which names it. */
import { field60 } from '../../protocols/dialects/cup-fields.ts';
import { TerminalTotals } from './terminal-totals.ts';
import type { SimulatedTransaction } from './transactions.ts';

const NUMBER_MAX = 999_999;

export class TerminalBatch {
  readonly totals = new TerminalTotals();
  #number = '000001';
  #trace = 0;

  get number(): string {
    return this.#number;
  }

  get lastTrace(): number {
    return this.#trace;
  }

  resume(number: string, lastTrace: number): void {
    this.#number = number;
    this.#trace = lastTrace;
  }

  /** A batch that goes on keeps its totals. */
  begin(number: string): void {
    if (number !== this.#number) this.totals.reset();
    this.#number = number;
  }

  /** Behind 999999 comes 000001. */
  beginNext(): void {
    const next = Number(this.#number) >= NUMBER_MAX ? 1 : Number(this.#number) + 1;
    this.begin(sixDigits(next));
  }

  nextTrace(): string {
    this.#trace = this.#trace >= NUMBER_MAX ? 1 : this.#trace + 1;
    return sixDigits(this.#trace);
  }

  /** Field 60 of a transaction with a card. */
  financial(transactionType: string): string {
    return field60.format({
      transactionType,
      batchNumber: this.#number,
      networkCode: '000',
      terminalCapability: '5',
      icCondition: '0',
    });
  }

  /** Field 60 of network management. */
  network(networkCode: string): string {
    return field60.format({ transactionType: '00', batchNumber: this.#number, networkCode });
  }

  /** Field 60 of a row of the table. */
  ofRow({
    transactionType = '00',
    networkCode = '000',
    settledBatch,
  }: SimulatedTransaction): string {
    const batchNumber = settledBatch ? this.#before : this.#number;
    return field60.format({ transactionType, batchNumber, networkCode });
  }

  get #before(): string {
    return sixDigits(Number(this.#number) <= 1 ? NUMBER_MAX : Number(this.#number) - 1);
  }
}

function sixDigits(number: number): string {
  return String(number).padStart(6, '0');
}
