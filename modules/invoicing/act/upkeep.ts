/** What has to happen from time to time: numbers fetched and asked for, bookings fetched, a year closed. */
import { DateTime } from 'luxon';
import type { ActContext } from '../../frame/module.ts';
import { billCodeOf } from '../apply/issue.ts';
import { factEntry } from '../facts.ts';
import { type FiscalFront, FrontError } from '../fiscal/front.ts';
import type { InvoicingQueries } from '../queries.ts';
import type { InvoicingSettings } from '../settings.ts';
import { countOf } from '../stock/ranges.ts';
import { unitCodeOf } from './fiscal.ts';

type Context = ActContext<InvoicingQueries>;

const SYNCHRONISE_MS = 30_000;
const APPLICATIONS_MS = 2_000;
const BOOKINGS_MS = 600_000;
const YEAR_MS = 3_600_000;

export class Upkeep {
  readonly #front: FiscalFront | null;
  readonly #settings: InvoicingSettings;
  readonly #doneAtMs = new Map<string, number>();
  /** Applications for numbers that are under way: one a code and day. */
  readonly #applied = new Set<string>();

  constructor(front: FiscalFront | null, settings: InvoicingSettings) {
    this.#front = front;
    this.#settings = settings;
  }

  async round(context: Context): Promise<void> {
    for (const { id } of context.queries.institutions()) {
      const unit = context.queries.managed(id, 'unit', 'unit')?.value;
      if (unit === undefined) continue;
      if (this.#isDue(`year|${id}`, YEAR_MS, context)) await this.#closeYears(id, context);
      if (this.#front === null || !unit.fiscal) continue;
      try {
        const asked =
          this.#isDue(`applications|${id}`, APPLICATIONS_MS, context) &&
          (await this.#sendApplications(this.#front, id, context));
        if (this.#isDue(`stock|${id}`, asked ? 0 : SYNCHRONISE_MS, context)) {
          await this.#fetchNumbers(this.#front, id, context);
        }
        if (this.#isDue(`bookings|${id}`, BOOKINGS_MS, context)) {
          await this.#fetchBookings(this.#front, id, context);
        }
      } catch (error) {
        if (!(error instanceof FrontError)) throw error;
        context.log.warn(
          { cause: error.message },
          'the fiscal side could not be synchronised with',
        );
      }
    }
  }

  #isDue(name: string, everyMs: number, { now }: Context): boolean {
    const last = this.#doneAtMs.get(name);
    if (last !== undefined && now() - last < everyMs) return false;
    this.#doneAtMs.set(name, now());
    return true;
  }

  async #fetchNumbers(front: FiscalFront, institution: string, context: Context): Promise<void> {
    const unitCode = unitCodeOf(institution, context);
    for (const { medium, billCode, from, to, reference } of await front.segments(unitCode)) {
      const key = `${medium}|${billCode}|${from}|${to}`;
      const payload = { medium, billCode, from, to, reference };
      const whole = { ...payload, source: 'fiscal' as const, who: 'fiscal-synchronisation' };
      await context.ledger.submit(factEntry('numbers-received', institution, key, whole));
    }
    await this.#applyForMore(front, institution, unitCode, context);
  }

  /**
   * What people want, asked for once; true when something was. After a crash between question and
   * record it is asked for again: too many numbers do no harm, they are accounted for.
   */
  async #sendApplications(
    front: FiscalFront,
    institution: string,
    context: Context,
  ): Promise<boolean> {
    const open = context.queries.openApplications(institution);
    for (const { id, billCode, count } of open) {
      await front.applyForNumbers(unitCodeOf(institution, context), billCode, count);
      const payload = { application: id, who: 'fiscal-synchronisation' };
      await context.ledger.submit(factEntry('numbers-asked', institution, id, payload));
    }
    return open.length > 0;
  }

  async #applyForMore(
    front: FiscalFront,
    institution: string,
    unitCode: string,
    context: Context,
  ): Promise<void> {
    const { applyBelow, applyCount } = this.#settings;
    const { queries } = context;
    const unit = queries.managed(institution, 'unit', 'unit')!.value;
    if (applyBelow === 0 || unit.numbers !== 'segments') return;
    const date = todayOf(institution, context);
    const holdings = queries.holdings(institution);
    for (const { value: type } of queries.managedList(institution, 'billType')) {
      const billCode = billCodeOf(unit, type, date);
      const left = holdings
        .filter((holding) => holding.medium === 'electronic' && holding.billCode === billCode)
        .reduce((sum, { free }) => sum + countOf(free), 0);
      const name = `${institution}|${billCode}|${date}`;
      if (!type.enabled || left >= applyBelow || this.#applied.has(name)) continue;
      this.#applied.add(name);
      await front.applyForNumbers(unitCode, billCode, applyCount);
    }
  }

  async #fetchBookings(front: FiscalFront, institution: string, context: Context): Promise<void> {
    const since = DateTime.fromMillis(context.now()).minus({ days: 7 }).toFormat('yyyyMMdd');
    for (const booking of await front.bookings(unitCodeOf(institution, context), since)) {
      const key = `${booking.billCode}-${booking.billNumber}`;
      const payload = { ...booking, who: 'fiscal-synchronisation' };
      await context.ledger.submit(factEntry('booked', institution, key, payload));
    }
  }

  /** Some weeks into a new year, what is left of the old year's numbers is void, on record. */
  async #closeYears(institution: string, context: Context): Promise<void> {
    const date = todayOf(institution, context);
    const today = DateTime.fromFormat(date, 'yyyyMMdd');
    if (today.ordinal <= this.#settings.yearCloseDays) return;
    const years = new Set(
      context.queries
        .holdings(institution)
        .filter(({ medium, free }) => medium === 'electronic' && free.length > 0)
        .map(({ billCode }) => billCode.slice(6, 8)),
    );
    for (const year of years) {
      if (Number(year) >= Number(date.slice(2, 4))) continue;
      const payload = { year, who: 'year-end' };
      await context.ledger.submit(
        factEntry('year-closed', institution, `${year}|${date}`, payload),
      );
    }
  }
}

function todayOf(institution: string, { queries, now }: Context): string {
  const row = queries.institutions().find(({ id }) => id === institution);
  const zone = row?.timeZone || 'Asia/Shanghai';
  return DateTime.fromMillis(now(), { zone }).toFormat('yyyyMMdd');
}
