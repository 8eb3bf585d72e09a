import { ProtocolError } from '../error.ts';
import { hasOddQuotes, placesOf, readDelimitedLine, splitLine } from './delimited.ts';
import { readFixedLine } from './fixed.ts';
import type { LineLayout, RecordFile, RecordLayout, RecordRow } from './layout.ts';
import { textOf } from './text-encoding.ts';
import { checkTotals, Totals } from './totals.ts';
import { readJson, readXml } from './tree.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BLANK = 0x20;

/** Longer lines are an attack or not a text file. */
const MOST_LINE_BYTES = 1 << 20;

/** A line as received, and as text where the layout needs it. */
interface Line {
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly number: number;
}

/** Reads a whole file. Throws ProtocolError `bad-record` with the line that is wrong. */
export function readRecords(layout: RecordLayout, bytes: Uint8Array): RecordFile {
  const { format } = layout;
  if (format.kind === 'json' || format.kind === 'xml') {
    const read = format.kind === 'json' ? readJson : readXml;
    const file = read(layout, format.records, textOf(layout, bytes));
    const totals = new Totals(layout);
    for (const row of file.details) totals.add(row);
    checkTotals(layout, file, totals);
    return file;
  }
  const details: RecordRow[] = [];
  const reader = new LineRecordReader(layout, (row) => details.push(row));
  reader.push(bytes);
  const { header, trailer } = reader.end();
  return { header, details, trailer };
}

/**
 * Reads a file of lines piece by piece, so that a file larger than memory can pass through. The
 * last line is held back until the end is known, because it may be the trailer.
 */
export class LineRecordReader {
  private readonly layout: RecordLayout;
  private readonly onDetail: (row: RecordRow) => void;
  private readonly totals: Totals;
  private pending: Uint8Array = new Uint8Array(0);
  /** Lines of a record whose quote is still open. */
  private open: string[] = [];
  private openBytes = 0;
  private held: Line | null = null;
  private lineNumber = 0;
  private header: RecordRow | null = null;
  private places: readonly number[] | null = null;

  constructor(layout: RecordLayout, onDetail: (row: RecordRow) => void) {
    this.layout = layout;
    this.onDetail = onDetail;
    this.totals = new Totals(layout);
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end < 0) break;
      const piece = chunk.subarray(start, end);
      this.line(this.pending.length === 0 ? piece : Buffer.concat([this.pending, piece]));
      this.pending = new Uint8Array(0);
      start = end + 1;
    }
    this.pending = Buffer.concat([this.pending, chunk.subarray(start)]);
    if (this.pending.length > MOST_LINE_BYTES) this.fail('the line is too long');
  }

  /** Says that the file is over: reads the trailer and checks the totals. */
  end(): { readonly header: RecordRow | null; readonly trailer: RecordRow | null } {
    if (this.pending.length > 0) this.line(this.pending);
    if (this.open.length > 0) this.fail('a quote does not close');
    const { layout, held, header } = this;
    let trailer: RecordRow | null = null;
    if (layout.trailer !== undefined) {
      if (held === null) this.fail('the trailer is missing');
      trailer = this.read(layout.trailer, held, null);
    } else if (held !== null) {
      this.detail(held);
    }
    if (layout.header !== undefined && header === null) this.fail('the header is missing');
    checkTotals(layout, { header, trailer }, this.totals);
    return { header, trailer };
  }

  private line(received: Uint8Array): void {
    this.lineNumber++;
    const end = received.at(-1) === CARRIAGE_RETURN ? received.length - 1 : received.length;
    const bytes = received.subarray(0, end);
    const { layout } = this;
    const delimited = layout.format.kind === 'delimited';
    const text = delimited || layout.comment !== undefined ? textOf(layout, bytes) : '';
    if (this.open.length === 0 && isSkipped(layout, bytes, text)) return;
    if (this.goesOn(text)) return;
    const whole = [...this.open, text].join('\n');
    this.open = [];
    this.openBytes = 0;
    const line: Line = { bytes, text: whole, number: this.lineNumber };
    if (layout.header !== undefined && this.header === null) {
      this.header = this.read(layout.header, line, null);
      return;
    }
    if (this.isHeading(line)) return;
    if (this.held !== null) this.detail(this.held);
    this.held = line;
  }

  /** Keeps a line whose record goes on behind its end, because a quote is open. */
  private goesOn(text: string): boolean {
    const { format } = this.layout;
    if (format.kind !== 'delimited') return false;
    const wasOpen = this.open.length > 0;
    if (hasOddQuotes(format, text) === wasOpen) return false;
    this.open.push(text);
    this.openBytes += text.length;
    if (this.openBytes > MOST_LINE_BYTES) this.fail('a quote does not close');
    return true;
  }

  /** Takes the line with the columns' names, the first one in front of the details. */
  private isHeading(line: Line): boolean {
    const { format } = this.layout;
    if (format.kind !== 'delimited' || format.named !== true || this.places !== null) return false;
    const names = splitLine(format, line.text, line.number).map((name) => name.trim());
    this.places = placesOf(this.layout.detail, names);
    return true;
  }

  private detail(line: Line): void {
    const row = this.read(this.layout.detail, line, this.places);
    this.totals.add(row);
    this.onDetail(row);
  }

  private read(columns: LineLayout, line: Line, places: readonly number[] | null): RecordRow {
    const { layout } = this;
    const { format } = layout;
    const { bytes, text, number } = line;
    if (format.kind === 'fixed') return readFixedLine(layout, format, columns, bytes, number);
    if (format.kind !== 'delimited') return this.fail('the layout has no lines');
    return readDelimitedLine(format, columns, places ?? placesOf(columns, null), text, number);
  }

  private fail(reason: string): never {
    const line = this.lineNumber;
    throw new ProtocolError('bad-record', `line ${line}: ${reason}`, { line });
  }
}

/** Empty lines and comments. */
function isSkipped(layout: RecordLayout, bytes: Uint8Array, text: string): boolean {
  if (bytes.every((byte) => byte === BLANK)) return true;
  return layout.comment !== undefined && text.startsWith(layout.comment);
}
