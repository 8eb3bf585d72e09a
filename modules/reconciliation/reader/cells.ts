/**
 * Cuts a line into cells: where each begins and ends, in two arrays that are used again and again.
 * While it passes it sees what must not be in a bill: bytes that are not of the encoding, and formulas.
 */
import type { BillEncoding, DelimitedShape, FixedShape } from '../source.ts';

const BLANK = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;

/** A wide file has 70 columns; a line of separators only must not grow the arrays without end. */
const MOST_CELLS = 512;
const TOO_MANY = `has more than ${MOST_CELLS} values`;

/** What is wrong with a line, as the end of a sentence; null when nothing is. */
export type Complaint = string | null;

export interface Cutter {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  count: number;
  cut(bytes: Uint8Array, start: number, end: number): Complaint;
}

export class DelimitedCutter implements Cutter {
  readonly starts = new Int32Array(MOST_CELLS);
  readonly ends = new Int32Array(MOST_CELLS);
  count = 0;
  private readonly separator: number;
  private readonly mark: number;
  private readonly doubleByte: boolean;

  constructor(shape: DelimitedShape, encoding: BillEncoding) {
    this.separator = shape.separator.charCodeAt(0);
    this.mark = shape.mark?.charCodeAt(0) ?? -1;
    this.doubleByte = encoding === 'gbk';
  }

  cut(bytes: Uint8Array, start: number, end: number): Complaint {
    this.count = 0;
    if (bytes[start] === this.mark) return this.cutMarked(bytes, start, end);
    let position = start;
    for (;;) {
      if (this.count === MOST_CELLS) return TOO_MANY;
      const stop = this.stopOf(bytes, position, end);
      if (stop < 0) return stop === BAD_BYTE ? 'is not GBK' : 'a quote does not close';
      const complaint = this.cell(bytes, position, stop);
      if (complaint !== null) return complaint;
      if (stop >= end) return null;
      position = stop + 1;
    }
  }

  /**
   * Where values carry a mark, only a separator in front of a mark divides: names may hold commas. A
   * separator at the end of the line has an empty value behind it.
   */
  private cutMarked(bytes: Uint8Array, start: number, end: number): Complaint {
    const { mark, separator } = this;
    const last = bytes[end - 1] === separator ? end - 1 : end;
    let from = start;
    for (let at = start + 2; at < last; at++) {
      if (bytes[at] !== mark || bytes[at - 1] !== separator) continue;
      if (this.count === MOST_CELLS - 2) return TOO_MANY;
      const complaint = this.cell(bytes, from, at - 1);
      if (complaint !== null) return complaint;
      from = at;
    }
    return this.cell(bytes, from, last) ?? (last < end ? this.cell(bytes, end, end) : null);
  }

  /** Where the cell that begins at `position` stops: at its separator or the line's end. */
  private stopOf(bytes: Uint8Array, position: number, end: number): number {
    const { separator } = this;
    if (bytes[position] === QUOTE) return this.quotedStop(bytes, position, end);
    if (this.doubleByte) return gbkStop(bytes, position, end, separator);
    let at = position;
    while (at < end && bytes[at] !== separator) at++;
    return at;
  }

  private quotedStop(bytes: Uint8Array, position: number, end: number): number {
    for (let at = position + 1; at < end; at++) {
      if (bytes[at] !== QUOTE) continue;
      if (bytes[at + 1] === QUOTE && at + 1 < end) at++;
      else if (at + 1 >= end || bytes[at + 1] === this.separator) return at + 1;
      else return OPEN_QUOTE;
    }
    return OPEN_QUOTE;
  }

  private cell(bytes: Uint8Array, from: number, stop: number): Complaint {
    let start = from;
    let end = stop;
    if (bytes[start] === QUOTE && end - start >= 2) {
      start++;
      end--;
    }
    while (start < end && isBlank(bytes[start]!)) start++;
    while (end > start && isBlank(bytes[end - 1]!)) end--;
    if (start < end && bytes[start] === this.mark) {
      start++;
      while (start < end && isBlank(bytes[start]!)) start++;
    }
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
    return start < end && mayBeFormula(bytes[start]!) && isFormula(bytes, start, end)
      ? `value ${this.count} is a formula`
      : null;
  }
}

const OPEN_QUOTE = -1;
const BAD_BYTE = -2;

/**
 * In GBK the second byte of a character may look like a separator (`|`), so characters are stepped
 * over whole. A character that was cut in the middle by a fixed width stays where it is.
 */
function gbkStop(bytes: Uint8Array, from: number, end: number, separator: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === separator) return at;
    if (byte === 0x80 || byte === 0xff) return BAD_BYTE;
    at += byte > 0x80 && at + 1 < end && bytes[at + 1]! >= 0x40 ? 2 : 1;
  }
  return end;
}

function isBlank(byte: number): boolean {
  return byte === BLANK || byte === TAB;
}

function mayBeFormula(byte: number): boolean {
  return byte === 0x3d || byte === 0x2b || byte === 0x2d || byte === 0x40;
}

/**
 * What a spreadsheet would run: `=…`, and `+ - @` in front of a call, a reference to another program
 * or a sum. Signed amounts, telephone numbers and `@name` are none.
 */
function isFormula(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 0x3d && isPlainNumber(bytes, start + 1, end)) return false;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  if (text[0] === '=') return text.length > 1;
  return /^[-+@].*[(|!]/.test(text) || /^[-+]\d+([-+*/]\d+)+/.test(text);
}

/** Fees are negative on every line of some bills: they must not cost a text each. */
function isPlainNumber(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if ((byte < 0x30 || byte > 0x39) && byte !== 0x2e) return false;
  }
  return true;
}

export class FixedCutter implements Cutter {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly count: number;
  private readonly offsets: Int32Array;
  private readonly widths: Int32Array;
  private readonly shape: FixedShape;

  constructor(shape: FixedShape) {
    this.shape = shape;
    this.count = shape.columns.length;
    this.starts = new Int32Array(this.count);
    this.ends = new Int32Array(this.count);
    this.widths = Int32Array.from(shape.columns.map(({ width }) => width));
    this.offsets = new Int32Array(this.count);
    for (let at = 1; at < this.count; at++) {
      this.offsets[at] = this.offsets[at - 1]! + this.widths[at - 1]! + shape.gapBytes;
    }
  }

  cut(bytes: Uint8Array, start: number, end: number): Complaint {
    const length = end - start;
    if (length < this.shape.shortestBytes) {
      return `has ${length} bytes, at least ${this.shape.shortestBytes} are needed`;
    }
    for (let at = 0; at < this.count; at++) {
      let from = start + this.offsets[at]!;
      let to = Math.min(from + this.widths[at]!, end);
      if (from > end) from = to = end;
      for (let gap = to; gap < to + this.shape.gapBytes && gap < end; gap++) {
        if (bytes[gap] !== BLANK) {
          return `byte ${gap - start + 1} must be blank: the columns are not where they should be`;
        }
      }
      while (from < to && bytes[from] === BLANK) from++;
      while (to > from && bytes[to - 1] === BLANK) to--;
      this.starts[at] = from;
      this.ends[at] = to;
      if (from < to && mayBeFormula(bytes[from]!) && isFormula(bytes, from, to)) {
        return `column ${this.shape.columns[at]!.id} is a formula`;
      }
    }
    return null;
  }
}
