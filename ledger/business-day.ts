/**
 * Closing the business day: a record in the journal that divides it. What stands before belongs to
 * the closed date, what comes after to the next one; no clock is asked again. Two registry settings
 * remember where a day began and ended, so that nobody searches the journal for it.
 */
import type { LedgerClient } from './client.ts';
import { idOf } from './id.ts';
import type { Reader } from './reader.ts';
import { registryChange } from './registry.ts';

/** The records of one business date: after `from`, up to and with `to`. */
export interface BusinessDayRange {
  /** Position of the record that closed the day before; 0 for an institution's first day. */
  from: number;
  /** Position of the record that closed this day. */
  to: number;
}

/** Ends the current business date (YYYYMMDD) of the institution. Doing it twice is harmless. */
export async function closeBusinessDay(
  institution: string,
  date: string,
  nextDate: string,
  ledger: LedgerClient,
): Promise<number> {
  const author = { why: `business day ${date} closed`, who: 'posp' };
  const result = await ledger.submit({
    id: idOf('business-day-closed', institution, date),
    institution,
    registry: [
      registryChange('setting', endKey(institution, date), { value: nextDate }, author),
      registryChange('setting', beginKey(institution, nextDate), { value: date }, author),
    ],
    fact: { businessDayClosed: { date, nextDate } },
  });
  const closed = result.status === 'applied' || result.status === 'exists';
  if (!closed) throw new Error(`business day ${date} cannot be closed: ${result.status}`);
  return result.position;
}

/** Where a closed business date lies in the journal; null while it is open, or when it never was. */
export function businessDayRange(
  institution: string,
  date: string,
  { registry }: Reader,
): BusinessDayRange | null {
  const end = registry.get('setting', endKey(institution, date));
  if (end === null) return null;
  const begin = registry.get('setting', beginKey(institution, date));
  return { from: begin?.version ?? 0, to: end.version };
}

/** The business date that was closed when this one began; null for an institution's first day. */
export function dayBefore(institution: string, date: string, { registry }: Reader): string | null {
  return registry.get('setting', beginKey(institution, date))?.value.value ?? null;
}

function beginKey(institution: string, date: string): string {
  return `business-day-begun/${institution}/${date}`;
}

function endKey(institution: string, date: string): string {
  return `business-day-ended/${institution}/${date}`;
}
