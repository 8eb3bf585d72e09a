import { ProtocolError } from '../error.ts';
import type { RecordFile, RecordLayout, RecordRow } from './layout.ts';

/** Counts details and adds up the columns that a layout's checks name. */
export class Totals {
  count = 0;
  readonly sums = new Map<string, number>();

  constructor(layout: RecordLayout) {
    for (const { is } of layout.checks ?? []) if (is !== 'count') this.sums.set(is.sumOf, 0);
  }

  add(row: RecordRow): void {
    this.count++;
    for (const [column, sum] of this.sums) {
      const value = row[column];
      const next = sum + (typeof value === 'number' ? value : 0);
      if (!Number.isSafeInteger(next)) {
        throw new ProtocolError('bad-record', `the sum of ${column} is too large`);
      }
      this.sums.set(column, next);
    }
  }
}

/** Throws ProtocolError `bad-record` when a total of header or trailer is not the details' own. */
export function checkTotals(
  layout: RecordLayout,
  { header, trailer }: Pick<RecordFile, 'header' | 'trailer'>,
  totals: Totals,
): void {
  for (const { at, column, is } of layout.checks ?? []) {
    const said = (at === 'header' ? header : trailer)?.[column];
    const found = is === 'count' ? totals.count : totals.sums.get(is.sumOf);
    if (said === found) continue;
    throw new ProtocolError(
      'bad-record',
      `${at} says ${column} is ${String(said)}, the details give ${String(found)}`,
    );
  }
}
