/** Differences as CSV: UTF-8 with a byte order mark, so that Excel shows Chinese. */
import type { ReconciliationResult } from '../result.ts';
import { COLUMNS, harmless, yuanText } from './columns.ts';

export function differencesCsv({ differences }: ReconciliationResult): string {
  const lines = [COLUMNS.map(({ title }) => quoted(title)).join(',')];
  for (const difference of differences) {
    const cells = COLUMNS.map(({ kind, value }) => {
      const found = value(difference);
      if (found === null) return '';
      return kind === 'yuan' ? yuanText(found as number) : quoted(harmless(String(found)));
    });
    lines.push(cells.join(','));
  }
  return `\uFEFF${lines.join('\r\n')}\r\n`;
}

function quoted(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
