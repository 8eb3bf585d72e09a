/**
 * The institution's clock: what fields 12, 13 and 15 say, and which business date an instant
 * belongs to. Stored time is UTC; only this file turns it into the time on the wall.
 */
import { DateTime } from 'luxon';
import type { BusinessClock } from '../config/types.ts';

/** Offsets change, and days are cut off, on full minutes: one look-up serves a minute. */
const MINUTE_MS = 60_000;

export interface LocalFields {
  time: string;
  date: string;
}

export class BusinessTime {
  readonly #clock: BusinessClock;
  #second = -1;
  #fields: LocalFields = { time: '', date: '' };
  #minute = -1;
  #offsetMs = 0;
  #businessDate = '';

  constructor(clock: BusinessClock) {
    this.#clock = clock;
  }

  /** Field 12 (hhmmss) and field 13 (MMDD) of an instant in epoch milliseconds. */
  localFields(epochMs: number): LocalFields {
    const second = Math.floor(epochMs / 1_000);
    if (second !== this.#second) {
      const text = new Date(epochMs + this.#offsetAt(epochMs)).toISOString();
      this.#second = second;
      this.#fields = {
        time: text.slice(11, 13) + text.slice(14, 16) + text.slice(17, 19),
        date: text.slice(5, 7) + text.slice(8, 10),
      };
    }
    return this.#fields;
  }

  /** `YYYY-MM-DD hh:mm:ss` on the institution's wall, for files and people. */
  localDateTime(epochMs: number): string {
    const text = new Date(epochMs + this.#offsetAt(epochMs)).toISOString();
    return `${text.slice(0, 10)} ${text.slice(11, 19)}`;
  }

  /** The business date (YYYYMMDD) that the clock says: from the cut-off on it is tomorrow's. */
  businessDateAt(epochMs: number): string {
    this.#lookUp(epochMs);
    return this.#businessDate;
  }

  /** The instant at which a business date (YYYYMMDD) ends, in epoch milliseconds. */
  cutOffOf(businessDate: string): number {
    const [hour, minute] = this.#clock.cutOff.split(':').map(Number) as [number, number];
    return DateTime.fromFormat(businessDate, 'yyyyMMdd', { zone: this.#clock.timeZone })
      .set({ hour, minute })
      .toMillis();
  }

  #offsetAt(epochMs: number): number {
    this.#lookUp(epochMs);
    return this.#offsetMs;
  }

  #lookUp(epochMs: number): void {
    const atMinute = Math.floor(epochMs / MINUTE_MS);
    if (atMinute === this.#minute) return;
    this.#minute = atMinute;
    const local = DateTime.fromMillis(epochMs, { zone: this.#clock.timeZone });
    const [hour, minute] = this.#clock.cutOff.split(':').map(Number) as [number, number];
    const afterCutOff = local.hour * 60 + local.minute >= hour * 60 + minute;
    this.#offsetMs = local.offset * MINUTE_MS;
    this.#businessDate = (afterCutOff ? local.plus({ days: 1 }) : local).toFormat('yyyyMMdd');
  }
}

/** The business date after this one. */
export function nextBusinessDate(businessDate: string): string {
  return DateTime.fromFormat(businessDate, 'yyyyMMdd', { zone: 'utc' })
    .plus({ days: 1 })
    .toFormat('yyyyMMdd');
}
