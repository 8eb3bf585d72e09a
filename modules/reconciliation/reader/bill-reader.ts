/**
 * Reads a bill line by line into records, and refuses it as a whole when anything about it is wrong:
 * what was read before is then thrown away by whoever asked.
 */
import { isUtf8 } from 'node:buffer';
import { KeyHash, PAY_DOMAIN, REFUND_DOMAIN } from '../match/key-hash.ts';
import { type Block, BlockWriter, FEE_UNKNOWN, STATUS, TYPE } from '../match/records.ts';
import { BillRefused } from '../record.ts';
import type { BillEncoding, BillSource, DelimitedShape } from '../source.ts';
import { type Cutter, DelimitedCutter, FixedCutter } from './cells.ts';
import { type BoundRule, bindRules, ruleFor } from './line-rules.ts';
import type { LineVisitor } from './lines.ts';
import { bytesOf, isAscii, otherEncoding, textOf } from './text.ts';
import { TrailerCheck, titlesOf } from './trailer.ts';
import { dayBefore, dayOf, decimalOf, fenOfMilli } from './values.ts';

export interface BillOptions {
  /** How the file is called in refusals. */
  file: string;
  /** YYYYMMDD as a number, 0 for any date. */
  day: number;
  encoding: BillEncoding;
  records(block: Block): void;
  /** Cancellations: apart, because they change other lines. */
  cancels(block: Block): void;
}

/** What a bill was as a whole. */
export interface BillFacts {
  titles: string[];
  details: number;
  ignored: number;
  cancels: number;
  payLines: number;
  refundLines: number;
  payFen: number;
  refundFen: number;
  feeFen: number;
  feesKnown: boolean;
}

/** How many keys the lines of a source have. */
export function keyCount(source: BillSource): number {
  return Math.max(...source.lines.map(({ keys }) => keys.length));
}

const NO_TITLES: readonly string[] = [];

export class BillReader implements LineVisitor {
  private readonly source: BillSource;
  private readonly options: BillOptions;
  private readonly cutter: Cutter;
  private readonly out: BlockWriter;
  private readonly cancelsOut: BlockWriter;
  private readonly hash = new KeyHash();
  private readonly days: readonly number[];
  private readonly summaryStart: Buffer | null;
  private rules: readonly BoundRule[] | null = null;
  private titles: readonly string[] = NO_TITLES;
  private dateColumns: readonly number[] = [];
  private fewest = 0;
  private trailer: TrailerCheck | null = null;
  private ended = false;
  private lastLine = 0;
  private announced = false;
  private anyFee = false;
  private readonly facts: BillFacts = {
    titles: [],
    details: 0,
    ignored: 0,
    cancels: 0,
    payLines: 0,
    refundLines: 0,
    payFen: 0,
    refundFen: 0,
    feeFen: 0,
    feesKnown: true,
  };

  constructor(source: BillSource, options: BillOptions) {
    this.source = source;
    this.options = options;
    const { shape, date, trailer } = source;
    this.cutter =
      shape.kind === 'fixed'
        ? new FixedCutter(shape)
        : new DelimitedCutter(shape, options.encoding);
    const keys = keyCount(source);
    this.out = new BlockWriter(keys, (block) => options.records(block));
    this.cancelsOut = new BlockWriter(keys, (block) => options.cancels(block));
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
    if (this.ended) this.refuse(number, 'stands behind the end of the list');
    this.detail(bytes, start, end, number, offset + (start - from));
  }

  /** Ends the file: everything that must be there has been there. */
  end(): BillFacts {
    const { source, facts } = this;
    if (this.rules === null) this.refuse(this.lastLine, this.missingHeading());
    if (source.trailer !== undefined && this.trailer?.complete !== true) {
      this.refuse(this.lastLine, 'the trailer is missing: the file is not complete');
    }
    this.out.flush();
    this.cancelsOut.flush();
    const silent = source.lines.some(({ fee }) => fee?.zerosSayNothing === true);
    return { ...facts, titles: [...this.titles], feesKnown: this.anyFee || !silent };
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
      this.complain(this.trailer.summaryLine(this.cutter, bytes), number);
      this.ended = true;
      return true;
    }
    if (this.rules !== null && this.isSummaryHeading(bytes, start, end)) {
      this.cut(bytes, start, end, number);
      this.trailer?.openSummary(titlesOf(this.cutter, bytes, this.options.encoding));
      return true;
    }
    return this.rules === null && this.heading(shape, bytes, start, end, number);
  }

  private comment(text: string, number: number): void {
    this.checkAnnounced(text, number);
    const { trailer } = this.source;
    if (trailer?.kind !== 'end-comment' || this.trailer === null) return;
    if (text.includes(trailer.end)) {
      this.ended = true;
      this.trailer.complete = true;
    } else this.complain(this.trailer.comment(text), number);
  }

  private headerOrTrailer(bytes: Buffer, start: number, end: number, number: number): void {
    const { trailer, date } = this.source;
    if (trailer?.kind === 'record' && startsWith(bytes, start, end, trailer.mark)) {
      this.cut(bytes, start, end, number);
      this.complain(this.trailer?.record(this.cutter, bytes) ?? null, number);
      this.ended = true;
      return;
    }
    const text = textOf(bytes, start, end, this.options.encoding);
    if (
      this.ended ||
      this.facts.details > 0 ||
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
    if (words.includes(titles[0] ?? '')) {
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
    const { source, options } = this;
    this.titles = titles;
    this.rules = bindRules(source, titles, options.encoding, options.file, line);
    this.dateColumns = source.date.columns
      .map((title) => titles.indexOf(title))
      .filter((at) => at >= 0);
    const named = source.shape.kind === 'delimited' && source.shape.columns !== titles;
    const needed = this.rules.flatMap(({ amount, keys }) => [...amount, ...keys.flat()]);
    this.fewest = named ? titles.length : Math.max(...needed, ...this.dateColumns) + 1;
    if (source.trailer !== undefined) {
      this.trailer = new TrailerCheck(source, source.trailer, titles);
    }
  }

  private detail(bytes: Buffer, start: number, end: number, number: number, offset: number): void {
    const { cutter } = this;
    this.cut(bytes, start, end, number);
    if (this.source.shape.kind === 'delimited') this.checkWidth(number);
    const bound = ruleFor(this.rules!, cutter, bytes);
    if (bound === null) this.refuse(number, this.unknownKind());
    const { event, mayBeOlder } = bound.rule;
    this.trailer?.add(cutter, bytes, event);
    if (event === 'ignore') {
      this.facts.ignored++;
      return;
    }
    this.checkDate(bytes, number, mayBeOlder === true);
    this.facts.details++;
    this.put(bound, bytes, number, offset, end - start);
  }

  private put(bound: BoundRule, bytes: Buffer, line: number, offset: number, length: number): void {
    const { rule } = bound;
    const amount = this.amountOf(bound, bytes, line);
    const isRefund = rule.event === 'refund' || (amount < 0 && rule.negative === 'refund');
    if (amount < 0 && !isRefund) this.refuse(line, `${rule.amount[0]} is negative`);
    const amountFen = Math.abs(amount);
    const fee = this.feeOf(bound, bytes, line);
    if (rule.event === 'cancel') {
      this.facts.cancels++;
      this.key(this.cancelsOut, bound.link, rule.link!.key, PAY_DOMAIN, bytes);
      this.cancelsOut.put(TYPE.pay, STATUS.reversed, amountFen, fee, offset, length, line);
      return;
    }
    let named = false;
    const domain = isRefund ? REFUND_DOMAIN : PAY_DOMAIN;
    for (let index = 0; index < bound.keys.length; index++) {
      named = this.key(this.out, bound.keys[index]!, index, domain, bytes) || named;
    }
    if (!named) this.refuse(line, `has no ${rule.keys.flat()[0]}`);
    if (isRefund) this.facts.refundLines++;
    else this.facts.payLines++;
    if (rule.status !== 'failed') {
      if (isRefund) this.facts.refundFen += amountFen;
      else this.facts.payFen += amountFen;
      if (fee !== FEE_UNKNOWN) this.facts.feeFen += isRefund ? -fee : fee;
    }
    const type = isRefund ? TYPE.refund : TYPE.pay;
    const status = rule.status === 'failed' ? STATUS.failed : STATUS.success;
    this.out.put(type, status, amountFen, fee, offset, length, line);
  }

  private key(
    out: BlockWriter,
    columns: readonly number[],
    index: number,
    domain: number,
    bytes: Buffer,
  ): boolean {
    if (columns.length === 0) return false;
    const { hash, cutter } = this;
    hash.start(domain);
    for (const column of columns) {
      const start = cutter.starts[column]!;
      const end = cutter.ends[column]!;
      // A key of several columns is whole or none; "0" stands for none in old WeChat bills.
      if (start === end || (end - start === 1 && bytes[start] === 0x30)) return false;
      if (this.options.encoding === 'utf8' || isAscii(bytes, start, end))
        hash.add(bytes, start, end);
      else {
        const text = Buffer.from(textOf(bytes, start, end, this.options.encoding), 'utf8');
        hash.add(text, 0, text.length);
      }
    }
    if (!hash.finish()) return false;
    out.key(index, hash.a, hash.b, hash.c);
    return true;
  }

  private amountOf({ amount, rule }: BoundRule, bytes: Buffer, line: number): number {
    const { cutter } = this;
    for (const column of amount) {
      const start = cutter.starts[column]!;
      const end = cutter.ends[column]!;
      if (start === end) continue;
      const value = decimalOf(bytes, start, end, this.source.unit === 'yuan' ? 2 : 0);
      if (Number.isNaN(value)) this.refuse(line, `${this.titles[column]} is not an amount`);
      return value;
    }
    return this.refuse(line, `has no ${rule.amount[0]}`);
  }

  private feeOf({ feePlus, feeMinus }: BoundRule, bytes: Buffer, line: number): number {
    let milli = 0;
    let known = false;
    for (let at = 0; at < feePlus.length + feeMinus.length; at++) {
      const plus = at < feePlus.length;
      const column = plus ? feePlus[at]! : feeMinus[at - feePlus.length]!;
      const start = this.cutter.starts[column]!;
      const end = this.cutter.ends[column]!;
      if (start === end) continue;
      const value = decimalOf(bytes, start, end, this.source.unit === 'yuan' ? 5 : 3);
      if (Number.isNaN(value)) this.refuse(line, `${this.titles[column]} is not an amount`);
      milli += plus ? value : -Math.abs(value);
      known = true;
    }
    if (!known) return FEE_UNKNOWN;
    if (milli !== 0) this.anyFee = true;
    const fee = Math.abs(fenOfMilli(milli));
    if (fee >= FEE_UNKNOWN) this.refuse(line, 'the fee is too large');
    return fee;
  }

  private checkDate(bytes: Buffer, line: number, mayBeOlder: boolean): void {
    const { days, dateColumns, cutter } = this;
    if (days.length === 0 || dateColumns.length === 0) return;
    let seen = 0;
    for (const column of dateColumns) {
      const day = dayOf(bytes, cutter.starts[column]!, cutter.ends[column]!);
      for (const wanted of days) if (day === wanted || day === wanted % 10_000) return;
      if (day !== 0 && seen === 0) seen = day;
    }
    if (mayBeOlder && dateColumns.length === 1 && seen > 9_999 && seen < days[0]!) return;
    const title = this.titles[dateColumns[0]!];
    if (seen === 0) this.refuse(line, `${title} is not a date`);
    this.refuse(line, `is of ${dateText(seen)}, the bill of ${dateText(days[0]!)} is expected`);
  }

  private checkWidth(line: number): void {
    const { count } = this.cutter;
    const { titles } = this;
    const last = count - 1;
    const spare =
      count === titles.length + 1 && this.cutter.starts[last] === this.cutter.ends[last];
    if (count < this.fewest || (count > titles.length && !spare)) {
      this.refuse(line, `has ${count} values for ${titles.length} columns`);
    }
  }

  private unknownKind(): string {
    const columns = new Set(
      this.source.lines.flatMap(({ when }) => when ?? []).map((c) => c.column),
    );
    return `${[...columns].join(' and ')} say nothing that is known`;
  }

  private cut(bytes: Buffer, start: number, end: number, line: number): void {
    this.complain(this.cutter.cut(bytes, start, end), line);
  }

  private complain(complaint: string | null, line: number): void {
    if (complaint !== null) this.refuse(line, complaint);
  }

  private refuse(line: number, reason: string): never {
    throw new BillRefused(this.options.file, line, reason);
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

/** `2026-11-20`; a day without a year as `11-20`. */
export function dateText(day: number): string {
  const month = String(Math.floor(day / 100) % 100).padStart(2, '0');
  const rest = `${month}-${String(day % 100).padStart(2, '0')}`;
  return day > 9_999 ? `${Math.floor(day / 10_000)}-${rest}` : rest;
}
