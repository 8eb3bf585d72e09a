/**
 * Reads our own side: NDJSON, one common record a line. The usual line (a flat object without
 * escapes) is read from its bytes; anything else goes through JSON.parse and is checked the same way.
 */
import { isUtf8 } from 'node:buffer';
import { KeyHash, PAY_DOMAIN, REFUND_DOMAIN } from '../match/key-hash.ts';
import { type Block, BlockWriter, FEE_UNKNOWN, STATUS, TYPE } from '../match/records.ts';
import { BillRefused } from '../record.ts';
import type { LineVisitor } from './lines.ts';
import { textOf } from './text.ts';

export interface OwnOptions {
  file: string;
  records(block: Block): void;
}

/** What our side was as a whole; money of what succeeded. */
export interface OwnFacts {
  lines: number;
  payFen: number;
  refundFen: number;
  feeFen: number;
}

/** Keys of our records: order or refund id, channel id, order id of a refund, retrieval reference. */
export const OWN_KEYS = 4;

/** Fields that are looked at; their numbers are places in the reader's arrays. */
const FIELDS = [
  'orderId',
  'refundId',
  'channelId',
  'retrievalReference',
  'type',
  'status',
  'amountFen',
  'feeFen',
] as const;
const [ORDER, REFUND, CHANNEL, REFERENCE, TYPE_FIELD, STATUS_FIELD, AMOUNT, FEE] = [
  0, 1, 2, 3, 4, 5, 6, 7,
] as const;
const NAMES = FIELDS.map((name) => Buffer.from(name, 'latin1'));
const TYPE_VALUES = [Buffer.from('pay'), Buffer.from('refund')];
const STATUS_VALUES = ['success', 'pending', 'failed'].map((value) => Buffer.from(value));

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const MINUS = 0x2d;

export class OwnReader implements LineVisitor {
  private readonly options: OwnOptions;
  private readonly out: BlockWriter;
  private readonly hash = new KeyHash();
  private readonly starts = new Int32Array(FIELDS.length);
  private readonly ends = new Int32Array(FIELDS.length);
  private readonly numbers = new Float64Array(FIELDS.length);
  private readonly facts: OwnFacts = { lines: 0, payFen: 0, refundFen: 0, feeFen: 0 };

  constructor(options: OwnOptions) {
    this.options = options;
    this.out = new BlockWriter(OWN_KEYS, (block) => options.records(block));
  }

  chunk(): void {}

  region(bytes: Buffer, firstLine: number): void {
    if (isUtf8(bytes)) return;
    let start = 0;
    for (let line = firstLine; start < bytes.length; line++) {
      const found = bytes.indexOf(0x0a, start);
      const end = found < 0 ? bytes.length : found;
      if (!isUtf8(bytes.subarray(start, end))) this.refuse(line, 'is not UTF-8');
      start = end + 1;
    }
  }

  line(bytes: Buffer, from: number, end: number, number: number, offset: number): void {
    let start = from;
    if (number === 1 && bytes[start] === 0xef && bytes[start + 1] === 0xbb) start += 3;
    while (start < end && isSpace(bytes[start]!)) start++;
    if (start === end) return;
    this.facts.lines++;
    this.ends.fill(-1);
    this.numbers.fill(Number.NaN);
    const source = this.scan(bytes, start, end) ? bytes : this.parse(bytes, start, end, number);
    this.put(source, number, offset + (start - from), end - start);
  }

  end(): OwnFacts {
    this.out.flush();
    return { ...this.facts };
  }

  /** Reads a plain line; false when it is none: then nothing that was found counts. */
  private scan(bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes[start] !== OPEN) return false;
    let at = start + 1;
    for (;;) {
      while (isSpace(bytes[at]!)) at++;
      if (bytes[at] !== QUOTE) return false;
      const nameStart = at + 1;
      at = nameStart;
      while (at < end && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at++;
      if (at >= end || bytes[at] === BACKSLASH) return false;
      const field = fieldOf(bytes, nameStart, at);
      at++;
      while (isSpace(bytes[at]!)) at++;
      if (bytes[at] !== COLON) return false;
      at++;
      while (isSpace(bytes[at]!)) at++;
      at = this.value(bytes, at, end, field);
      if (at < 0) return false;
      while (isSpace(bytes[at]!)) at++;
      if (bytes[at] === COMMA) at++;
      else if (bytes[at] === CLOSE) break;
      else return false;
    }
    at++;
    while (at < end && isSpace(bytes[at]!)) at++;
    return at === end;
  }

  /** Reads a value and keeps it when its field is looked at; where it ends, or -1. */
  private value(bytes: Uint8Array, from: number, end: number, field: number): number {
    let at = from;
    if (bytes[at] === QUOTE) {
      const start = ++at;
      while (at < end && bytes[at] !== QUOTE) {
        const byte = bytes[at]!;
        if (byte === BACKSLASH || byte < 0x20) return -1;
        at++;
      }
      if (at >= end) return -1;
      if (field >= 0) {
        if (field >= AMOUNT) return -1;
        this.starts[field] = start;
        this.ends[field] = at;
      }
      return at + 1;
    }
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    const first = at;
    let number = 0;
    while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) {
      number = number * 10 + (bytes[at++]! - 0x30);
    }
    if (at === first || at - first > 15 || (at - first > 1 && bytes[first] === 0x30)) return -1;
    const next = bytes[at]!;
    if (next !== COMMA && next !== CLOSE && !isSpace(next)) return -1;
    if (field >= 0) {
      if (field < AMOUNT) return -1;
      this.numbers[field] = negative ? -number : number;
    }
    return at;
  }

  /** The same from JSON.parse; gives the bytes in which the texts now stand. */
  private parse(bytes: Buffer, start: number, end: number, line: number): Buffer {
    let value: unknown;
    try {
      value = JSON.parse(textOf(bytes, start, end, 'utf8'));
    } catch {
      this.refuse(line, 'is not JSON');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.refuse(line, 'is not a JSON object; one common record a line is expected');
    }
    this.ends.fill(-1);
    this.numbers.fill(Number.NaN);
    const record = value as Record<string, unknown>;
    const texts: Buffer[] = [];
    let length = 0;
    FIELDS.forEach((name, field) => {
      const found = record[name];
      if (found === undefined || found === null) return;
      if (field >= AMOUNT) {
        if (!Number.isSafeInteger(found)) this.refuse(line, `${name} is not an integer of fen`);
        this.numbers[field] = found as number;
        return;
      }
      if (typeof found !== 'string') this.refuse(line, `${name} is not a text`);
      const text = Buffer.from(found as string, 'utf8');
      this.starts[field] = length;
      length += text.length;
      this.ends[field] = length;
      texts.push(text);
    });
    return Buffer.concat(texts);
  }

  private put(bytes: Uint8Array, line: number, offset: number, length: number): void {
    const refund = this.oneOf(bytes, TYPE_FIELD, TYPE_VALUES, line, 'pay or refund') === 1;
    const status = this.oneOf(
      bytes,
      STATUS_FIELD,
      STATUS_VALUES,
      line,
      'success, pending or failed',
    );
    const amount = this.numbers[AMOUNT]!;
    if (Number.isNaN(amount)) this.refuse(line, 'has no amountFen');
    if (amount < 0 && !refund) this.refuse(line, 'amountFen is negative');
    const given = this.numbers[FEE]!;
    const fee = Number.isNaN(given) ? FEE_UNKNOWN : Math.abs(given);
    if (fee > FEE_UNKNOWN) this.refuse(line, 'feeFen is too large');
    const domain = refund ? REFUND_DOMAIN : PAY_DOMAIN;
    const named = [
      this.key(bytes, refund ? REFUND : ORDER, 0, domain),
      this.key(bytes, CHANNEL, 1, domain),
      refund && this.key(bytes, ORDER, 2, domain),
      this.key(bytes, REFERENCE, 3, domain),
    ];
    if (!named.includes(true)) this.refuse(line, 'has no orderId');
    this.out.put(
      refund ? TYPE.refund : TYPE.pay,
      STATUS.success + status,
      Math.abs(amount),
      fee,
      offset,
      length,
      line,
    );
    if (status !== 0) return;
    if (refund) this.facts.refundFen += Math.abs(amount);
    else this.facts.payFen += amount;
    if (fee !== FEE_UNKNOWN) this.facts.feeFen += refund ? -fee : fee;
  }

  private key(bytes: Uint8Array, field: number, index: number, domain: number): boolean {
    const { hash } = this;
    hash.start(domain);
    if (this.ends[field]! >= 0) hash.add(bytes, this.starts[field]!, this.ends[field]!);
    if (!hash.finish()) return false;
    this.out.key(index, hash.a, hash.b, hash.c);
    return true;
  }

  private oneOf(
    bytes: Uint8Array,
    field: number,
    values: readonly Buffer[],
    line: number,
    expected: string,
  ): number {
    const end = this.ends[field]!;
    const start = this.starts[field]!;
    for (let at = 0; at < values.length && end >= 0; at++) {
      if (isSame(values[at]!, bytes, start, end)) return at;
    }
    return this.refuse(line, `${FIELDS[field]} is not ${expected}`);
  }

  private refuse(line: number, reason: string): never {
    throw new BillRefused(this.options.file, line, reason);
  }
}

function fieldOf(bytes: Uint8Array, start: number, end: number): number {
  for (let field = 0; field < NAMES.length; field++) {
    if (isSame(NAMES[field]!, bytes, start, end)) return field;
  }
  return -1;
}

function isSame(value: Buffer, bytes: Uint8Array, start: number, end: number): boolean {
  if (value.length !== end - start) return false;
  for (let at = 0; at < value.length; at++) if (value[at] !== bytes[start + at]) return false;
  return true;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
