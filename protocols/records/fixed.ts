import { gbkCut } from '../coding/text.ts';
import { ProtocolError } from '../error.ts';
import { readCell, refuse, writeCell } from './cell.ts';
import type { Column, FixedFormat, LineLayout, RecordLayout, RecordRow } from './layout.ts';
import { bytesOf, textOf } from './text-encoding.ts';

const BLANK = 0x20;

/**
 * Reads a line of fixed columns. Widths count bytes, so a Chinese character in a GBK file takes two.
 * Trailing columns may be missing when they are optional.
 */
export function readFixedLine(
  layout: RecordLayout,
  format: FixedFormat,
  line: LineLayout,
  bytes: Uint8Array,
  number: number,
): RecordRow {
  const row: Record<string, string | number | null> = {};
  let position = 0;
  for (const column of line.columns) {
    const width = widthOf(column);
    const end = Math.min(position + width, bytes.length);
    if (position + width > bytes.length && column.optional !== true) {
      throw new ProtocolError(
        'bad-record',
        `line ${number}: ends at byte ${bytes.length}, inside of column ${column.id}`,
        { line: number, offset: position, needed: width, had: Math.max(end - position, 0) },
      );
    }
    const text = textOf(layout, bytes.subarray(Math.min(position, end), end));
    row[column.id] = readCell(column, unfilled(column, text), number);
    position += width + format.gapBytes;
  }
  return row;
}

/** Writes a line of fixed columns; a text that is too long is cut between characters. */
export function writeFixedLine(
  layout: RecordLayout,
  format: FixedFormat,
  line: LineLayout,
  row: RecordRow,
  number: number,
): Buffer {
  const total = line.columns.reduce((sum, column) => sum + widthOf(column) + format.gapBytes, 0);
  const target = Buffer.alloc(total - format.gapBytes, BLANK);
  let position = 0;
  for (const column of line.columns) {
    const width = widthOf(column);
    const value = bytesOf(layout, writeCell(column, row, number), number);
    place(layout, column, value, target.subarray(position, position + width), number);
    position += width + format.gapBytes;
  }
  return target;
}

function place(
  layout: RecordLayout,
  column: Column,
  value: Buffer,
  target: Buffer,
  number: number,
): void {
  if (value.length > target.length && column.type !== 'text') {
    refuse(column, number, 'is too long for its width');
  }
  const length = value.length <= target.length ? value.length : cut(layout, value, target.length);
  target.fill(fillOf(column));
  const left = alignOf(column) === 'left';
  const negative = column.type !== 'text' && value[0] === 0x2d && fillOf(column) === '0';
  if (negative && !left) {
    target[0] = 0x2d;
    value.copy(target, target.length - length + 1, 1, length);
    return;
  }
  value.copy(target, left ? 0 : target.length - length, 0, length);
}

/** Where a text that is too long ends without half a character. */
function cut(layout: RecordLayout, value: Buffer, limit: number): number {
  if (layout.encoding === 'gbk') return gbkCut(value, limit);
  let end = limit;
  if (layout.encoding === 'utf8') while (end > 0 && (value[end]! & 0xc0) === 0x80) end--;
  return end;
}

/** The value without what fills its column. A number of zeros only keeps one. */
function unfilled(column: Column, text: string): string {
  const fill = fillOf(column);
  if (column.type !== 'text') return text.trim();
  if (alignOf(column) === 'left') {
    let end = text.length;
    while (end > 0 && text[end - 1] === fill) end--;
    return text.slice(0, end);
  }
  let start = 0;
  while (start < text.length && text[start] === fill) start++;
  return text.slice(start);
}

function alignOf(column: Column): 'left' | 'right' {
  return column.align ?? (column.type === 'text' ? 'left' : 'right');
}

function fillOf(column: Column): string {
  return column.fill ?? (column.type === 'digits' || column.type === 'fen' ? '0' : ' ');
}

function widthOf(column: Column): number {
  if (column.width !== undefined) return column.width;
  throw new ProtocolError('bad-dialect', `column ${column.id} needs a width in a fixed layout`);
}
