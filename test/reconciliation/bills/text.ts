/** What all writers of bills use: amounts, sums, GBK, values at fixed places. */
import iconv from 'iconv-lite';
import type { Line } from '../day.ts';

export function yuan(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0');
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function gbk(text: string): Buffer {
  return iconv.encode(text, 'gbk');
}

export function total(lines: readonly Line[], value: (line: Line) => number): number {
  return lines.reduce((sum, line) => sum + value(line), 0);
}

/** Puts values at their places of a line of blanks. */
export function placed(
  length: number,
  values: readonly (readonly [number, string | Buffer])[],
): Buffer {
  const line = Buffer.alloc(length, 0x20);
  for (const [at, value] of values) Buffer.from(value).copy(line, at);
  return line;
}
