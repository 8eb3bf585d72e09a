/** The institutions and their business days, numbered in the order in which they came. */
import assert from 'node:assert/strict';

export interface InstitutionDays {
  name: string;
  /** Every business date (the number YYYYMMDD) so far; the last one is the current one. */
  dates: number[];
}

export class InstitutionTable {
  readonly list: InstitutionDays[];
  private readonly indexes = new Map<string, number>();
  /** Bytes of the name that was looked up last, and its index: the next entry is often of the same. */
  private lastName: Uint8Array = new Uint8Array(0);
  private lastIndex = 0;

  /** Index 0 is the deployment itself: no name, no date. */
  constructor(list: InstitutionDays[] = [{ name: '', dates: [0] }]) {
    this.list = list;
    for (const [index, { name }] of list.entries()) this.indexes.set(name, index);
  }

  /** The index of the institution whose name is these bytes of UTF-8, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const last = this.lastName;
    let same = last.length === end - start;
    for (let i = 0; same && i < last.length; i++) same = last[i] === bytes[start + i];
    if (same) return this.lastIndex;
    const name = new Uint8Array(bytes.subarray(start, end));
    const index = this.indexes.get(Buffer.from(name).toString('utf8')) ?? -1;
    if (index >= 0) {
      this.lastName = name;
      this.lastIndex = index;
    }
    return index;
  }

  indexOf(name: string): number {
    return this.indexes.get(name) ?? -1;
  }

  open(name: string, openingDate: number): void {
    assert(!this.indexes.has(name));
    this.indexes.set(name, this.list.length);
    this.list.push({ name, dates: [openingDate] });
  }

  /** Takes back the last `open`. */
  removeLast(): void {
    this.indexes.delete(this.list.pop()!.name);
    this.lastName = new Uint8Array(0);
    this.lastIndex = 0;
  }

  /** The current business date, YYYYMMDD; 0 for the deployment. */
  date(index: number): number {
    const dates = this.list[index]!.dates;
    return dates[dates.length - 1]!;
  }

  /** How many business days were closed before the current one. */
  day(index: number): number {
    return this.list[index]!.dates.length - 1;
  }

  /** The number of the day that had this date. */
  dayOfDate(index: number, date: number): number {
    const day = this.list[index]!.dates.lastIndexOf(date);
    assert(day >= 0, `business date ${date}`);
    return day;
  }

  closeDay(index: number, nextDate: number): void {
    this.list[index]!.dates.push(nextDate);
  }
}

/** A business date as text; the deployment's 0 is empty. */
export function dateText(date: number): string {
  return date === 0 ? '' : String(date);
}

/** The number of a text YYYYMMDD that is a day of the calendar, or 0. */
export function dateNumber(text: string): number {
  if (!/^\d{8}$/.test(text)) return 0;
  const iso = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}`;
  const time = Date.parse(`${iso}T00:00:00Z`);
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== iso) return 0;
  return Number(text);
}
