/** When a business date is paid out: working days by weekends, holidays and made-up working days. */
import { nextBusinessDate } from '../../ledger/business-time.ts';
import type { Calendar, MerchantTerms } from './terms.ts';

/** YYYYMMDD on which the cycle pays what was earned on the date. */
export function payOutDate(date: string, cycle: MerchantTerms['cycle'], days: Calendar): string {
  if (cycle === 'T+0') return date;
  let next = nextBusinessDate(date);
  if (cycle === 'D+1') return next;
  while (!isWorkingDay(next, days)) next = nextBusinessDate(next);
  return next;
}

/** A day made up for a holiday is a working day on a weekend, too. */
export function isWorkingDay(date: string, { holidays, workdays }: Calendar): boolean {
  if (workdays.includes(date)) return true;
  if (holidays.includes(date)) return false;
  const iso = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  const weekday = new Date(`${iso}T00:00:00Z`).getUTCDay();
  return weekday !== 0 && weekday !== 6;
}
