import { ProtocolError } from '../error.ts';
import { readCell, writeCell } from './cell.ts';
import type { DelimitedFormat, LineLayout, RecordRow } from './layout.ts';

/** Cuts a line at its separators. Throws ProtocolError `bad-record` when a quote does not close. */
export function splitLine(format: DelimitedFormat, text: string, line: number): string[] {
  const values =
    format.quote === undefined ? text.split(format.separator) : splitQuoted(format, text, line);
  if (format.closing === true && values.at(-1) === '') values.pop();
  return values.map((value) => {
    const bare = format.trim === true ? value.trim() : value;
    return format.mark !== undefined && bare.startsWith(format.mark)
      ? bare.slice(format.mark.length)
      : bare;
  });
}

function splitQuoted(format: DelimitedFormat, text: string, line: number): string[] {
  const { separator, quote = '"' } = format;
  const values: string[] = [];
  let position = 0;
  for (;;) {
    if (text[position] === quote) {
      const end = closingQuote(text, position, quote, line);
      values.push(text.slice(position + 1, end).replaceAll(quote + quote, quote));
      position = end + 1;
    } else {
      const end = text.indexOf(separator, position);
      const stop = end < 0 ? text.length : end;
      values.push(text.slice(position, stop));
      position = stop;
    }
    if (position === text.length) return values;
    if (!text.startsWith(separator, position))
      fail(line, 'something stands behind a closing quote');
    position += separator.length;
  }
}

function closingQuote(text: string, start: number, quote: string, line: number): number {
  for (let position = start + 1; position < text.length; position++) {
    if (text[position] !== quote) continue;
    if (text[position + 1] !== quote) return position;
    position++;
  }
  return fail(line, 'a quote does not close');
}

/** Whether a line opens a quote that it does not close, or closes one that was open. */
export function hasOddQuotes(format: DelimitedFormat, text: string): boolean {
  if (format.quote === undefined) return false;
  let quotes = 0;
  for (const character of text) if (character === format.quote) quotes++;
  return quotes % 2 === 1;
}

/** Where the columns of a layout stand in a line: by order, or by the names of a heading line. */
export function placesOf(line: LineLayout, names: readonly string[] | null): number[] {
  return line.columns.map((column, place) => {
    if (names === null) return place;
    const found = names.indexOf(column.title ?? column.id);
    if (found < 0 && column.optional !== true) {
      throw new ProtocolError('bad-record', `there is no column ${column.title ?? column.id}`);
    }
    return found;
  });
}

/** Reads a line of separated values. */
export function readDelimitedLine(
  format: DelimitedFormat,
  line: LineLayout,
  places: readonly number[],
  text: string,
  number: number,
): RecordRow {
  const values = splitLine(format, text, number);
  const row: Record<string, string | number | null> = {};
  line.columns.forEach((column, index) => {
    row[column.id] = readCell(column, values[places[index]!] ?? '', number);
  });
  if (format.named !== true && values.length > line.columns.length) {
    fail(number, `has ${values.length} values for ${line.columns.length} columns`);
  }
  return row;
}

/** Writes a line of separated values. Throws when a value cannot be told from the separator. */
export function writeDelimitedLine(
  format: DelimitedFormat,
  line: LineLayout,
  row: RecordRow,
  number: number,
): string {
  const values = line.columns.map((column) =>
    guarded(format, writeCell(column, row, number), number),
  );
  return values.join(format.separator) + (format.closing === true ? format.separator : '');
}

function guarded(format: DelimitedFormat, value: string, line: number): string {
  const { quote, separator, mark = '' } = format;
  const breaks = /[\r\n]/.test(value);
  if (quote === undefined) {
    if (breaks || value.includes(separator))
      fail(line, 'a value holds the separator or a line end');
    return mark + value;
  }
  if (!breaks && !value.includes(separator) && !value.includes(quote)) return mark + value;
  return quote + mark + value.replaceAll(quote, quote + quote) + quote;
}

function fail(line: number, reason: string): never {
  throw new ProtocolError('bad-record', `line ${line}: ${reason}`, { line });
}
