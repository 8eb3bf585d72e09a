/**
 * Reads a bill line by line: what stands around the details (comments, header, heading, trailer), and
 * which lines are details. Refuses it as a whole when anything about it is wrong: what was read
 * before is then thrown away by whoever asked.
 */
import { isUtf8 } from 'node:buffer';
import { BillRefused } from '../record.ts';
import type { BillEncoding, BillSource, DelimitedShape } from '../source.ts';
import { BillDetails, type BillFacts, type BillOptions } from './bill-details.ts';
import { type Cutter, DelimitedCutter, FixedCutter } from './cells.ts';
import type { LineVisitor } from './lines.ts';
import { bytesOf, otherEncoding, textOf } from './text.ts';
import { TrailerCheck, titlesOf } from './trailer.ts';
import { dateText, dayBefore } from './values.ts';

const NO_TITLES: readonly string[] = [];

export class BillReader implements LineVisitor {
  private readonly source: BillSource;
  private readonly options: BillOptions;
  private readonly cutter: Cutter;
  private readonly days: readonly number[];
  private readonly summaryStart: Buffer | null;
  /** Null until the columns are known. */
  private details: BillDetails | null = null;
  private trailer: TrailerCheck | null = null;
  private ended = false;
  private lastLine = 0;
  private announced = false;

  constructor(source: BillSource, options: BillOptions) {
    this.source = source;
    this.options = options;
    const { shape, date, trailer } = source;
    this.cutter =
      shape.kind === 'fixed'
        ? new FixedCutter(shape)
        : new DelimitedCutter(shape, options.encoding);
    const { day } = options;
    this.days = day === 0 ? [] : date.eveningBefore === true ? [day, dayBefore(day)] : [day];
    this.summaryStart =
      trailer?.kind === 'summary-lines' ? bytesOf(trailer.count[0]!, options.encoding) : null;
    if (shape.kind === 'fixed')
      this.bind(
        shape.columns.map(({ id }) => id),
        1,
      );
    else if (shape.heading === undefined) this.bind(shape.columns ?? NO_TITLES, 1);
  }

  chunk(): void {}

  region(bytes: Buffer, firstLine: number): void {
    if (this.options.encoding !== 'utf8' || isUtf8(bytes)) return;
    let start = 0;
    for (let line = firstLine; start < bytes.length; line++) {
      const found = bytes.indexOf(0x0a, start);
      const end = found < 0 ? bytes.length : found;
      if (!isUtf8(bytes.subarray(start, end))) {
        const words = this.source.shape.kind === 'fixed' ? [] : (this.source.shape.heading ?? []);
        const other = otherEncoding(bytes, start, end, 'utf8', words);
        this.refuse(line, other === null ? 'is not UTF-8' : `is ${other}, UTF-8 is expected`);
      }
      start = end + 1;
    }
  }

  line(bytes: Buffer, from: number, end: number, number: number, offset: number): void {
    let start = from;
    if (number === 1 && bytes[start] === 0xef && bytes[start + 1] === 0xbb) start += 3;
    if (isBlankLine(bytes, start, end)) return;
    this.lastLine = number;
    const { shape } = this.source;
    if (shape.kind === 'delimited' && this.isFrame(shape, bytes, start, end, number)) return;
    if (this.ended) this.refuse(number, 'stands behind the end of the list', 'FILE');
    this.cut(bytes, start, end, number);
    this.details!.read(bytes, number, offset + (start - from), end - start);
  }

  /** Ends the file: everything that must be there has been there. */
  end(): BillFacts {
    const { details } = this;
    if (details === null) return this.refuse(this.lastLine, this.missingHeading());
    if (this.needsHeader() && !this.announced) {
      this.refuse(1, 'the header that says the date is missing', 'FILE');
    }
    if (this.source.trailer !== undefined && this.trailer?.complete !== true) {
      this.refuse(this.lastLine, 'the trailer is missing: the file is not complete', 'FILE');
    }
    return details.end();
  }

  /** Where details have a mark of their own, the line that announces the date has one, too. */
  private needsHeader(): boolean {
    const { shape, date } = this.source;
    const isMarked = shape.kind === 'delimited' && shape.detailMark !== undefined;
    return isMarked && date.announced !== undefined;
  }

  /** Whether the line is not a detail but a part of what stands around them; reads it. */
  private isFrame(
    shape: DelimitedShape,
    bytes: Buffer,
    start: number,
    end: number,
    number: number,
  ): boolean {
    if (shape.comment !== undefined && bytes[start] === shape.comment.charCodeAt(0)) {
      this.comment(textOf(bytes, start, end, this.options.encoding), number);
      return true;
    }
    if (shape.detailMark !== undefined && !startsWith(bytes, start, end, shape.detailMark)) {
      this.headerOrTrailer(bytes, start, end, number);
      return true;
    }
    if (this.trailer?.summaryOpen === true) {
      this.cut(bytes, start, end, number);
      this.complain(this.trailer.summaryLine(this.cutter, bytes), number, 'FILE');
      this.ended = true;
      return true;
    }
    if (this.details !== null && this.isSummaryHeading(bytes, start, end)) {
      this.cut(bytes, start, end, number);
      this.trailer?.openSummary(titlesOf(this.cutter, bytes, this.options.encoding));
      return true;
    }
    return this.details === null && this.heading(shape, bytes, start, end, number);
  }

  private comment(text: string, number: number): void {
    this.checkAnnounced(text, number);
    const { trailer } = this.source;
    if (trailer?.kind !== 'end-comment' || this.trailer === null) return;
    if (text.includes(trailer.end)) {
      this.ended = true;
      this.trailer.complete = true;
    } else this.complain(this.trailer.comment(text), number, 'FILE');
  }

  private headerOrTrailer(bytes: Buffer, start: number, end: number, number: number): void {
    const { trailer, date } = this.source;
    if (trailer?.kind === 'record' && startsWith(bytes, start, end, trailer.mark)) {
      this.cut(bytes, start, end, number);
      this.complain(this.trailer?.record(this.cutter, bytes) ?? null, number, 'FILE');
      this.ended = true;
      return;
    }
    const text = textOf(bytes, start, end, this.options.encoding);
    if (
      this.ended ||
      this.details?.any === true ||
      this.announced ||
      date.announced?.test(text) !== true
    ) {
      this.refuse(number, 'is no header, detail or trailer');
    }
    this.checkAnnounced(text, number);
  }

  private checkAnnounced(text: string, number: number): void {
    const match = this.source.date.announced?.exec(text);
    if (match === null || match === undefined) return;
    this.announced = true;
    const said = Number(`${match[1]}${match[2]}${match[3]}`);
    if (this.days.length > 0 && !this.days.includes(said)) {
      this.refuse(
        number,
        `says ${dateText(said)}, the bill of ${dateText(this.days[0]!)} is expected`,
        'FILE',
      );
    }
  }

  private isSummaryHeading(bytes: Buffer, start: number, end: number): boolean {
    const title = this.summaryStart;
    if (title === null) return false;
    const { shape } = this.source;
    const marked = shape.kind === 'delimited' && bytes[start] === shape.mark?.charCodeAt(0);
    const from = marked ? start + 1 : start;
    return end - from >= title.length && title.compare(bytes, from, from + title.length) === 0;
  }

  private heading(
    shape: DelimitedShape,
    bytes: Buffer,
    start: number,
    end: number,
    number: number,
  ): boolean {
    const words = shape.heading ?? [];
    const isCut = this.cutter.cut(bytes, start, end) === null;
    const titles = isCut ? titlesOf(this.cutter, bytes, this.options.encoding) : NO_TITLES;
    if (titles.some((title) => words.includes(title))) {
      this.bind(titles, number);
      return true;
    }
    if (shape.columns !== undefined) {
      this.bind(shape.columns, number);
      return false;
    }
    const other = otherEncoding(bytes, start, end, this.options.encoding, words);
    if (other !== null)
      this.refuse(number, `is ${other}, ${encodingName(this.options.encoding)} is expected`);
    return this.refuse(number, this.missingHeading());
  }

  private missingHeading(): string {
    const { shape } = this.source;
    const first = shape.kind === 'delimited' ? shape.heading?.[0] : undefined;
    return `the heading (${first ?? 'titles'}, …) is missing`;
  }

  private bind(titles: readonly string[], line: number): void {
    const { source, options, cutter, days } = this;
    this.trailer =
      source.trailer === undefined ? null : new TrailerCheck(source, source.trailer, titles);
    const columns = { titles, line, days, trailer: this.trailer };
    this.details = new BillDetails(source, options, cutter, columns);
  }

  private cut(bytes: Buffer, start: number, end: number, line: number): void {
    this.complain(this.cutter.cut(bytes, start, end), line);
  }

  private complain(complaint: string | null, line: number, difference?: 'FILE'): void {
    if (complaint !== null) this.refuse(line, complaint, difference);
  }

  private refuse(line: number, reason: string, difference?: 'FILE'): never {
    throw new BillRefused(this.options.file, line, reason, difference);
  }
}

function isBlankLine(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0x20 && bytes[at] !== 0x09) return false;
  return true;
}

function startsWith(bytes: Buffer, start: number, end: number, ascii: string): boolean {
  if (end - start < ascii.length) return false;
  for (let at = 0; at < ascii.length; at++) {
    if (bytes[start + at] !== ascii.charCodeAt(at)) return false;
  }
  return true;
}

function encodingName(encoding: BillEncoding): string {
  return { utf8: 'UTF-8', gbk: 'GBK', latin1: 'latin1' }[encoding];
}
