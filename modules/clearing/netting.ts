/** Sums of a day by merchant, department and channel: where each fen of the net amount came from. */
import type { MerchantDay } from './day.ts';

export interface NettingRow {
  merchantId: string;
  merchantName: string;
  department: string;
  channel: string;
  count: number;
  grossFen: number;
  refundFen: number;
  feeFen: number;
  netFen: number;
}

/** One row for each merchant, department and channel that had business, in that order. */
export function nettingRows(days: readonly MerchantDay[]): NettingRow[] {
  const rows = new Map<string, NettingRow>();
  for (const { merchant, lines } of days) {
    for (const { kind, department, channel, amountFen, feeFen } of lines) {
      const key = [merchant.id, department, channel].join('\0');
      const row = rows.get(key) ?? {
        merchantId: merchant.id,
        merchantName: merchant.nameZh,
        department,
        channel,
        count: 0,
        grossFen: 0,
        refundFen: 0,
        feeFen: 0,
        netFen: 0,
      };
      row.count++;
      if (kind.endsWith('refund')) row.refundFen -= amountFen;
      else row.grossFen += amountFen;
      row.feeFen += feeFen;
      row.netFen += amountFen - feeFen;
      rows.set(key, row);
    }
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
