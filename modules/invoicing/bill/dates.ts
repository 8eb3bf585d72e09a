/** Dates and times as bills write them: digits without anything between. */

/** A day of the calendar as yyyyMMdd. */
export function isDate(text: string): boolean {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** yyyyMMddHHmmssSSS. */
export function isDateTime(text: string): boolean {
  return /^\d{8}([01]\d|2[0-3])[0-5]\d[0-5]\d\d{3}$/.test(text) && isDate(text.slice(0, 8));
}
