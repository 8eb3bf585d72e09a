/** Values straight from the bytes of a line: amounts and dates without a text in between. */

const BLANK = 0x20;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const UPPER_C = 0x43;
const UPPER_D = 0x44;

/** Fees in bills have up to five decimals of a yuan: thousandths of a fen hold them exactly. */
export const MILLI = 1_000;

/**
 * `-1,234.50` with two places is -123450. Decimals behind the places must be zeros. C and D in front
 * are the credit and debit of fixed files, D negative. NaN for everything else, also for no digit.
 */
export function decimalOf(bytes: Uint8Array, start: number, end: number, places: number): number {
  let position = start;
  let negative = false;
  const first = bytes[position];
  if (first === MINUS || first === PLUS || first === UPPER_C || first === UPPER_D) {
    negative = first === MINUS || first === UPPER_D;
    position++;
    while (position < end && bytes[position] === BLANK) position++;
  }
  let value = 0;
  let digits = 0;
  let decimals = -1;
  for (; position < end; position++) {
    const byte = bytes[position]!;
    if (byte >= ZERO && byte <= NINE) {
      digits++;
      if (decimals < places) {
        value = value * 10 + (byte - ZERO);
        if (decimals >= 0) decimals++;
      } else if (byte !== ZERO) return Number.NaN;
    } else if (byte === POINT && decimals < 0) {
      decimals = 0;
    } else if (byte !== COMMA || decimals >= 0 || digits === 0) return Number.NaN;
  }
  if (digits === 0) return Number.NaN;
  for (let left = places - Math.max(decimals, 0); left > 0; left--) value *= 10;
  if (value > Number.MAX_SAFE_INTEGER) return Number.NaN;
  return negative && value !== 0 ? -value : value;
}

/** Thousandths of a fen as fen, half up in size. */
export function fenOfMilli(milliFen: number): number {
  const fen = Math.floor((Math.abs(milliFen) + MILLI / 2) / MILLI);
  return milliFen < 0 ? -fen : fen;
}

/**
 * The day in a value: YYYYMMDD of `2026-11-20 10:00:00`, `20261120…`, `2026年11月20日`; 0MMDD (below
 * 10000) of `1120100000` and `1120`. 0 when there is none.
 */
export function dayOf(bytes: Uint8Array, start: number, end: number): number {
  let digits = 0;
  let first8 = 0;
  let first4 = 0;
  for (let position = start; position < end; position++) {
    const byte = bytes[position]!;
    if (byte < ZERO || byte > NINE) continue;
    digits++;
    if (digits <= 8) first8 = first8 * 10 + (byte - ZERO);
    if (digits === 4) first4 = first8;
  }
  if (digits === 10 || digits === 4) return isDay(2000, first4) ? first4 : 0;
  return digits >= 8 && isDay(Math.floor(first8 / 10_000), first8 % 10_000) ? first8 : 0;
}

function isDay(year: number, monthDay: number): boolean {
  const month = Math.floor(monthDay / 100);
  const day = monthDay % 100;
  return year >= 2000 && year <= 2099 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/** The day before YYYYMMDD. */
export function dayBefore(day: number): number {
  const date = new Date(
    Date.UTC(Math.floor(day / 10_000), (Math.floor(day / 100) % 100) - 1, day % 100),
  );
  date.setUTCDate(date.getUTCDate() - 1);
  return date.getUTCFullYear() * 10_000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
}

/** `2026-11-20`; a day without a year as `11-20`. */
export function dateText(day: number): string {
  const month = String(Math.floor(day / 100) % 100).padStart(2, '0');
  const rest = `${month}-${String(day % 100).padStart(2, '0')}`;
  return day > 9_999 ? `${Math.floor(day / 10_000)}-${rest}` : rest;
}
