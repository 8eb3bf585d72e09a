import { ProtocolError } from '../error.ts';
import type { Column, RecordRow } from './layout.ts';

/** Reads one value. Throws ProtocolError `bad-record` with the line and the column's name. */
export function readCell(column: Column, text: string, line: number): string | number | null {
  if (column.constant !== undefined && text !== column.constant) {
    return refuse(column, line, 'does not hold what it must');
  }
  if (text === '') {
    return column.optional === true ? null : refuse(column, line, 'is empty');
  }
  switch (column.type) {
    case 'text':
      return text;
    case 'digits':
    case 'fen':
      return wholeNumber(column, text, line);
    case 'yuan':
      return fenOfYuan(column, text, line);
  }
}

function wholeNumber(column: Column, text: string, line: number): number {
  const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) return refuse(column, line, 'is not a whole number');
  return value === 0 ? 0 : value;
}

/** `1,234.5` and `-0.38` as fen; more than two decimals only when they are zeros. */
function fenOfYuan(column: Column, text: string, line: number): number {
  const match = /^([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2})0*)?$/.exec(text);
  if (match === null) return refuse(column, line, 'is not an amount in yuan');
  const [, sign, whole, decimals = ''] = match;
  const fen = Number(whole!.replaceAll(',', '') + decimals.padEnd(2, '0'));
  if (!Number.isSafeInteger(fen)) return refuse(column, line, 'is too large an amount');
  return sign === '-' && fen !== 0 ? -fen : fen;
}

/** Writes one value. Throws ProtocolError `bad-record`. */
export function writeCell(column: Column, row: RecordRow, line: number): string {
  const value = row[column.id] ?? column.constant ?? null;
  if (value === null) {
    return column.optional === true ? '' : refuse(column, line, 'has no value');
  }
  if (column.constant !== undefined && value !== column.constant) {
    return refuse(column, line, 'does not hold what it must');
  }
  if (column.type === 'text') {
    return typeof value === 'string' ? value : refuse(column, line, 'is not a text');
  }
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    return refuse(column, line, 'is not a whole number');
  }
  return column.type === 'yuan' ? yuanOfFen(value) : String(value);
}

function yuanOfFen(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0');
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** Throws: the value of a column is not what its layout says. The value itself is not repeated. */
export function refuse(column: Column, line: number, reason: string): never {
  const name = column.title === undefined ? column.id : `${column.id} (${column.title})`;
  throw new ProtocolError('bad-record', `line ${line}: column ${name} ${reason}`, { line });
}
