/** Watches the clock, and closes business days at their cut-off. */
import { closeBusinessDay } from '../ledger/business-day.ts';
import { BusinessTime } from '../ledger/business-time.ts';
import type { LedgerClient } from '../ledger/client.ts';
import type { Reader } from '../ledger/reader.ts';

/** How often the clock is compared with the cut-off. */
const CHECK_INTERVAL_MS = 1_000;

/** Closes the day of every institution when its cut-off has passed, also one that passed while we were down. */
export class BusinessDayWatch {
  readonly #reader: Reader;
  readonly #ledger: LedgerClient;
  readonly #closed: (institution: string, date: string) => Promise<unknown>;
  readonly #timer: NodeJS.Timeout;
  #busy: Promise<void> = Promise.resolve();

  constructor(
    reader: Reader,
    ledger: LedgerClient,
    closed: (institution: string, date: string) => Promise<unknown>,
  ) {
    this.#reader = reader;
    this.#ledger = ledger;
    this.#closed = closed;
    this.#timer = setInterval(() => {
      this.#busy = this.#busy.then(() => this.check(Date.now()));
    }, CHECK_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Closes what is due at an instant (epoch milliseconds). */
  async check(nowMs: number): Promise<void> {
    const { businessDates } = this.#reader.head();
    for (const [institution, date] of Object.entries(businessDates)) {
      const item = this.#reader.registry.get('institution', institution);
      if (item === null) continue;
      const time = new BusinessTime(item.value);
      if (nowMs < time.cutOffOf(date)) continue;
      await closeBusinessDay(institution, date, time.businessDateAt(nowMs), this.#ledger);
      await this.#closed(institution, date);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#busy;
  }
}
