/** The chips and PSAM counters that simulated terminals remember from one command to the next. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { PurseRecord } from '../../protocols/pboc/purse-data.ts';
import { type CardState, CpuCard } from './cpu-card.ts';
import { Psam } from './psam.ts';
import { CardReader } from './reader.ts';
import { SAMPLE_ISSUER } from './sample-keys.ts';

type SavedRecord = Omit<PurseRecord, 'proof'> & { proof: string };

interface Saved {
  cards: Record<string, CardState>;
  psams: Record<string, number>;
  /** Offline payments that were not uploaded yet, by terminal. */
  payments: Record<string, SavedRecord[]>;
}

export class ChipBox {
  readonly #file: string;
  readonly #saved: Saved;

  constructor(file: string) {
    this.#file = file;
    const empty: Saved = { cards: {}, psams: {}, payments: {} };
    this.#saved = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : empty;
  }

  /** A reader of the terminal with the card's chip in it. */
  reader(terminalId: string, cardNumber: string): CardReader {
    const state = this.#saved.cards[cardNumber];
    const card =
      state === undefined
        ? CpuCard.issue(SAMPLE_ISSUER, cardNumber)
        : new CpuCard(SAMPLE_ISSUER, state);
    this.#saved.cards[cardNumber] = card.state;
    const serial = this.#saved.psams[terminalId] ?? 0;
    return new CardReader(card, new Psam(SAMPLE_ISSUER.purchase, `0000${terminalId}`, serial));
  }

  keep(terminalId: string, { psam }: CardReader): void {
    this.#saved.psams[terminalId] = psam.lastSerial;
    this.save();
  }

  addPayment(terminalId: string, { proof, ...record }: PurseRecord): void {
    const kept = this.#saved.payments[terminalId] ?? [];
    kept.push({ ...record, proof: Buffer.from(proof).toString('hex') });
    this.#saved.payments[terminalId] = kept;
  }

  /** Takes the payments that wait for their upload, at most so many. */
  payments(terminalId: string, most: number): PurseRecord[] {
    return (this.#saved.payments[terminalId] ?? [])
      .slice(0, most)
      .map(({ proof, ...record }) => ({ ...record, proof: Buffer.from(proof, 'hex') }));
  }

  uploaded(terminalId: string, count: number): void {
    this.#saved.payments[terminalId]?.splice(0, count);
    this.save();
  }

  save(): void {
    writeFileSync(this.#file, JSON.stringify(this.#saved), { mode: 0o600 });
  }
}
