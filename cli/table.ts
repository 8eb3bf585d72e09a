/** Tables for people: columns line up although a Chinese character is two columns wide. */
import { displayWidth, padDisplay } from '../protocols/inspect/display-width.ts';

/** Rows under a head line, two spaces between columns. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly ('left' | 'right')[],
): string {
  const lines = [head, ...rows];
  const widths = head.map((_, at) =>
    Math.max(...lines.map((line) => displayWidth(line[at] ?? ''))),
  );
  return lines
    .map((line) =>
      line
        .map((cell, at) => pad(cell, widths[at]!, align[at] ?? 'left'))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Fen as yuan with two decimals and thousands apart: `1,234.50`. */
export function yuan(amountFen: number): string {
  const absolute = Math.abs(amountFen);
  const whole = Math.floor(absolute / 100).toLocaleString('en-US');
  const sign = amountFen < 0 ? '-' : '';
  return `${sign}${whole}.${String(absolute % 100).padStart(2, '0')}`;
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  if (align === 'left') return padDisplay(text, width);
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}
