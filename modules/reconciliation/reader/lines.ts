/** A file line by line, as places in a buffer: no line becomes an object or a text of its own. */
import { readSync } from 'node:fs';
import { BillRefused } from '../record.ts';

const CHUNK_BYTES = 1 << 20;
/** Longer lines are an attack or not a text file. */
const MOST_LINE_BYTES = 1 << 18;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface LineVisitor {
  /** Bytes as they were read, before they are looked at: for hashes and progress. */
  chunk(bytes: Uint8Array): void;
  /** Whole lines with their ends: for checks that are faster over many lines at once. */
  region(bytes: Buffer, firstLine: number): void;
  /** One line without its end; blank lines come, too. The buffer is reused after the call. */
  line(bytes: Buffer, start: number, end: number, number: number, offset: number): void;
}

/** Reads to the end. Throws BillRefused when a line does not end. Returns the number of lines. */
export function scanLines(descriptor: number, file: string, visitor: LineVisitor): number {
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES + MOST_LINE_BYTES);
  let kept = 0;
  let number = 0;
  let offset = 0;
  for (;;) {
    const read = readSync(descriptor, buffer, kept, CHUNK_BYTES, null);
    const filled = kept + read;
    visitor.chunk(buffer.subarray(kept, filled));
    const last = read === 0 ? filled : buffer.lastIndexOf(LINE_FEED, filled - 1) + 1;
    const whole = Math.min(last, filled);
    if (whole > 0) {
      visitor.region(buffer.subarray(0, whole), number + 1);
      number = eachLine(buffer, whole, number, offset, visitor);
    }
    if (read === 0) return number;
    offset += whole;
    kept = filled - whole;
    if (kept > MOST_LINE_BYTES) throw new BillRefused(file, number + 1, 'the line does not end');
    buffer.copyWithin(0, whole, filled);
    if (buffer.length < kept + CHUNK_BYTES) buffer = Buffer.concat([buffer], kept + CHUNK_BYTES);
  }
}

function eachLine(
  buffer: Buffer,
  whole: number,
  before: number,
  offset: number,
  visitor: LineVisitor,
): number {
  let number = before;
  let start = 0;
  while (start < whole) {
    const found = buffer.indexOf(LINE_FEED, start);
    const stop = found < 0 || found > whole ? whole : found;
    const end = stop > start && buffer[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop;
    visitor.line(buffer, start, end, ++number, offset + start);
    start = stop + 1;
  }
  return number;
}
