/**
 * The clearing files: `|` separated lines of text, UTF-8, amounts in fen. A head (H) says what it
 * is, then come the detail lines (D), and a tail (T) that seals them: how many, their totals, the
 * place in the journal with the chain's hash there, and the SM3 hash of every line before the tail.
 * The same day gives the same bytes, however often it is written.
 */
import { createHash } from 'node:crypto';

export interface ClearingFile {
  layout: ClearingLayout;
  /** Values of the head behind the layout's name and version. */
  head: string[];
  lines: string[][];
  /** Up to this journal position the file tells. */
  position: number;
  /** Hex: the chain's hash at that position. */
  chainHash: string;
}

/** A kind of clearing file: its columns in order, and which of them the tail adds up. */
export interface ClearingLayout {
  name: string;
  version: string;
  columns: readonly string[];
  totals: readonly string[];
}

export const DETAIL_LAYOUT: ClearingLayout = {
  name: 'POSP-CLEARING-DETAIL',
  version: '1',
  columns: [
    'sequence',
    'reference',
    'kind',
    'localDateTime',
    'terminalId',
    'batchNumber',
    'traceNumber',
    'cardNumberMasked',
    'amountFen',
    'feeFen',
    'netFen',
    'originalReference',
  ],
  totals: ['amountFen', 'feeFen', 'netFen'],
};

export const SUMMARY_LAYOUT: ClearingLayout = {
  name: 'POSP-CLEARING-SUMMARY',
  version: '1',
  columns: [
    'merchantId',
    'merchantName',
    'count',
    'grossFen',
    'refundFen',
    'feeFen',
    'netFen',
    'detailFile',
    'detailSm3',
  ],
  totals: ['count', 'grossFen', 'refundFen', 'feeFen', 'netFen'],
};

const LAYOUTS = [DETAIL_LAYOUT, SUMMARY_LAYOUT];

/** What is wrong with a clearing file: one sentence that names the line. */
export class ClearingFileError extends Error {
  override readonly name = 'ClearingFileError';
}

/** What a file that holds says of itself. */
export interface CheckedFile extends ClearingFile {
  records: number;
  totals: Record<string, number>;
  sm3: string;
}

/** The text of the file. A value must not hold the separator or a line's end. */
export function formatClearingFile(file: ClearingFile): string {
  const { layout, head, lines, position, chainHash } = file;
  const rows = [
    ['H', layout.name, layout.version, ...head],
    ...lines.map((line) => ['D', ...line]),
  ];
  const body = rows.map(formatRow).join('');
  const totals = layout.totals.map((column) => String(sumOf(layout, lines, column)));
  const tail = ['T', String(lines.length), ...totals, String(position), chainHash, sm3Of(body)];
  return body + formatRow(tail);
}

/** Reads a file and checks everything that it says of itself. Throws ClearingFileError. */
export function parseClearingFile(text: string): CheckedFile {
  const rows = text.split('\n');
  if (rows.pop() !== '')
    throw new ClearingFileError('the last line does not end: the file was cut');
  const [first = '', ...rest] = rows;
  const [mark, name, version, ...head] = first.split('|');
  const layout = LAYOUTS.find((known) => known.name === name && known.version === version);
  if (mark !== 'H' || !layout)
    throw new ClearingFileError('line 1 is not the head of a clearing file');
  const tail = (rest.pop() ?? '').split('|');
  const tailLine = rows.length;
  if (tail[0] !== 'T' || tail.length !== layout.totals.length + 5) {
    throw new ClearingFileError(`line ${tailLine} is not a tail: the file was cut`);
  }
  const lines = rest.map((row, index) => parseDetail(row, index + 2, layout));
  const body = text.slice(0, text.lastIndexOf('\nT|') + 1);
  const [count, ...others] = tail.slice(1);
  const [sm3, chainHash, position] = others.slice(-3).reverse() as [string, string, string];
  const totals = Object.fromEntries(
    layout.totals.map((column, index) => [column, Number(others[index])]),
  );
  check(
    Number(count) === lines.length,
    `the tail counts ${count} lines, there are ${lines.length}`,
  );
  for (const column of layout.totals) {
    const sum = sumOf(layout, lines, column);
    check(sum === totals[column], `${column}: the tail says ${totals[column]}, the lines ${sum}`);
  }
  check(
    sm3Of(body) === sm3,
    'the SM3 hash of the tail is not that of the lines: a line was changed',
  );
  const records = lines.length;
  return { layout, head, lines, position: Number(position), chainHash, records, totals, sm3 };
}

export function sm3Of(text: string): string {
  return createHash('sm3').update(text).digest('hex');
}

function parseDetail(row: string, lineNumber: number, layout: ClearingLayout): string[] {
  const [mark, ...values] = row.split('|');
  const whole = mark === 'D' && values.length === layout.columns.length;
  check(whole, `line ${lineNumber} has not the ${layout.columns.length} columns of a detail line`);
  return values;
}

function sumOf(layout: ClearingLayout, lines: string[][], column: string): number {
  const at = layout.columns.indexOf(column);
  let sum = 0;
  for (const [index, line] of lines.entries()) {
    const value = Number(line[at]);
    check(Number.isSafeInteger(value), `line ${index + 2}: ${column} is not a whole number`);
    sum += value;
  }
  return sum;
}

function formatRow(values: string[]): string {
  for (const value of values) {
    if (/[|\r\n]/.test(value)) throw new Error('a value of a clearing file holds a separator');
  }
  return `${values.join('|')}\n`;
}

function check(holds: boolean, sentence: string): void {
  if (!holds) throw new ClearingFileError(sentence);
}
