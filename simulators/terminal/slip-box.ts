/**
 * What a simulated terminal remembers from one command to the next: its batch, its last trace number
 * and its slips. Keys are not kept; every command signs in anew.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Exchanged, Slip } from './exchange.ts';
import type { PosTerminal } from './pos-terminal.ts';
import { TerminalTotals, type Totals } from './terminal-totals.ts';

interface SavedTerminal {
  batchNumber: string;
  lastTrace: number;
  slips: Slip[];
}

/** Slips beyond these are forgotten. */
const SLIPS_MAX = 1_000;

export class SlipBox {
  /** The sign-in that every command begins with. */
  signedIn!: Exchanged;
  readonly #file: string;
  readonly #terminalId: string;
  readonly #all: Record<string, SavedTerminal>;

  constructor(file: string, terminalId: string) {
    this.#file = file;
    this.#terminalId = terminalId;
    this.#all = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
    this.#all[terminalId] ??= { batchNumber: '000001', lastTrace: 0, slips: [] };
  }

  get batchNumber(): string {
    return this.#mine.batchNumber;
  }

  get lastTrace(): number {
    return this.#mine.lastTrace;
  }

  /** The slip with this reference, or the last one, of one of the kinds. */
  find(reference: string | undefined, kinds: readonly string[] = ['purchase']): Slip | null {
    const wanted = this.#mine.slips.filter(({ kind }) => kinds.includes(kind));
    return (
      wanted.findLast((slip) => reference === undefined || slip.reference === reference) ?? null
    );
  }

  /** The slips of a batch, as a terminal uploads them. */
  ofBatch(batchNumber: string): Slip[] {
    return this.#mine.slips.filter((slip) => slip.batchNumber === batchNumber);
  }

  add(slip: Slip): void {
    const { pin: _, ...card } = slip.card;
    this.#mine.slips.push({ ...slip, card });
    this.#mine.slips.splice(0, this.#mine.slips.length - SLIPS_MAX);
  }

  /** The totals of a batch from its slips. */
  totalsOf(batchNumber: string): Totals {
    const totals = new TerminalTotals();
    for (const slip of this.#mine.slips) {
      if (slip.batchNumber !== batchNumber) continue;
      totals.add(slip.kind, slip.amountFen);
      if (slip.replacedFen !== undefined) totals.adjust(slip.replacedFen, slip.amountFen);
    }
    return totals.current;
  }

  save(terminal: PosTerminal): void {
    this.#mine.batchNumber = terminal.batchNumber;
    this.#mine.lastTrace = terminal.lastTrace;
    writeFileSync(this.#file, JSON.stringify(this.#all), { mode: 0o600 });
  }

  get #mine(): SavedTerminal {
    return this.#all[this.#terminalId]!;
  }
}
