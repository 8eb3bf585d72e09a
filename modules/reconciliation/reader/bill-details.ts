/** The detail lines of a bill whose columns are known: each into a record, and what they add up to. */
import { KeyHash, PAY_DOMAIN, REFUND_DOMAIN } from '../match/key-hash.ts';
import { type Block, BlockWriter, FEE_UNKNOWN, STATUS, TYPE } from '../match/records.ts';
import { BillRefused } from '../record.ts';
import type { BillEncoding, BillSource } from '../source.ts';
import type { Cutter } from './cells.ts';
import { type BoundRule, bindRules, ruleFor } from './line-rules.ts';
import { isAscii, textOf } from './text.ts';
import type { TrailerCheck } from './trailer.ts';
import { dateText, dayOf, decimalOf, fenOfMilli } from './values.ts';

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

/** What the heading, or the description of the source, says of the columns. */
export interface BillColumns {
  titles: readonly string[];
  /** Where they are named. */
  line: number;
  /** Dates that a line may have; none for any. */
  days: readonly number[];
  trailer: TrailerCheck | null;
}

export class BillDetails {
  private readonly source: BillSource;
  private readonly options: BillOptions;
  private readonly cutter: Cutter;
  private readonly columns: BillColumns;
  private readonly rules: readonly BoundRule[];
  private readonly dateColumns: readonly number[];
  /** A line has at least so many values. */
  private readonly fewest: number;
  private readonly out: BlockWriter;
  private readonly cancelsOut: BlockWriter;
  private readonly hash = new KeyHash();
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

  /** Throws BillRefused when the file lacks a column that is needed. */
  constructor(source: BillSource, options: BillOptions, cutter: Cutter, columns: BillColumns) {
    this.source = source;
    this.options = options;
    this.cutter = cutter;
    this.columns = columns;
    const { titles, line } = columns;
    this.rules = bindRules(source, titles, options.encoding, options.file, line);
    this.dateColumns = source.date.columns
      .map((title) => titles.indexOf(title))
      .filter((at) => at >= 0);
    const named = source.shape.kind === 'delimited' && source.shape.columns !== titles;
    const needed = this.rules.flatMap(({ amount, keys }) => [...amount, ...keys.flat()]);
    this.fewest = named ? titles.length : Math.max(...needed, ...this.dateColumns) + 1;
    const keys = keyCount(source);
    this.out = new BlockWriter(keys, (block) => options.records(block));
    this.cancelsOut = new BlockWriter(keys, (block) => options.cancels(block));
  }

  /** Whether a line other than an ignored one was read. */
  get any(): boolean {
    return this.facts.details > 0;
  }

  /** Hands on what is left, and says what the bill was as a whole. */
  end(): BillFacts {
    this.out.flush();
    this.cancelsOut.flush();
    const silent = this.source.lines.some(({ fee }) => fee?.zerosSayNothing === true);
    const titles = [...this.columns.titles];
    return { ...this.facts, titles, feesKnown: this.anyFee || !silent };
  }

  /** A line that the cutter has just cut. */
  read(bytes: Buffer, number: number, offset: number, length: number): void {
    const { cutter } = this;
    if (this.source.shape.kind === 'delimited') this.checkWidth(number);
    const bound = ruleFor(this.rules, cutter, bytes);
    if (bound === null) this.refuse(number, this.unknownKind());
    const { event, mayBeOlder } = bound.rule;
    this.columns.trailer?.add(cutter, bytes, event);
    if (event === 'ignore') {
      this.facts.ignored++;
      return;
    }
    this.checkDate(bytes, number, mayBeOlder === true);
    this.facts.details++;
    this.put(bound, bytes, number, offset, length);
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
      if (Number.isNaN(value)) this.refuse(line, `${this.columns.titles[column]} is not an amount`);
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
      if (Number.isNaN(value)) this.refuse(line, `${this.columns.titles[column]} is not an amount`);
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
    const { dateColumns, cutter } = this;
    const { days } = this.columns;
    if (days.length === 0 || dateColumns.length === 0) return;
    let seen = 0;
    for (const column of dateColumns) {
      const day = dayOf(bytes, cutter.starts[column]!, cutter.ends[column]!);
      for (const wanted of days) if (day === wanted || day === wanted % 10_000) return;
      if (day !== 0 && seen === 0) seen = day;
    }
    if (mayBeOlder && dateColumns.length === 1 && seen > 9_999 && seen < days[0]!) return;
    const title = this.columns.titles[dateColumns[0]!];
    if (seen === 0) this.refuse(line, `${title} is not a date`);
    const reason = `is of ${dateText(seen)}, the bill of ${dateText(days[0]!)} is expected`;
    this.refuse(line, reason, 'FILE');
  }

  private checkWidth(line: number): void {
    const { count } = this.cutter;
    const { titles } = this.columns;
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

  private refuse(line: number, reason: string, difference?: 'FILE'): never {
    throw new BillRefused(this.options.file, line, reason, difference);
  }
}
