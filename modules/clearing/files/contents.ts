/** A file of a day before it is on a disk: its bytes and what it says of itself. */
import { createHash } from 'node:crypto';

export interface ClearingOutput {
  name: string;
  bytes: Buffer;
  records: number;
  totalFen: number;
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** `1234.50`: fen as files of the outside world write them. */
export function decimalYuan(amountFen: number): string {
  const absolute = Math.abs(amountFen);
  const sign = amountFen < 0 ? '-' : '';
  return `${sign}${Math.floor(absolute / 100)}.${String(absolute % 100).padStart(2, '0')}`;
}

/** YYYYMMDD as YYYY-MM-DD. */
export function isoDate(date: string): string {
  return `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
}
