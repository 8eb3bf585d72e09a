import { inspect } from 'node:util';
import { readHex, readPackedDigits, readPackedNumber } from '../coding/digits.ts';
import { readInterned } from '../coding/text.ts';
import { ProtocolError } from '../error.ts';
import type { Message, SafeMessage } from './message.ts';
import { type FieldPlan, type Plan, Spread, ValueKind } from './plan.ts';
import { readPrefix } from './prefix.ts';
import { safeText } from './safe.ts';
import { badDigit, readValue } from './value.ts';

const MAC_FIELDS = [192, 128, 64];

/** Digits that a number holds without loss. */
const MOST_NUMBER_DIGITS = 15;

/**
 * A message whose field offsets are known. The bitmap is kept as 32-bit words, the offsets in the
 * order of the present fields, so a field's place is the count of bits in front of its own.
 */
export class DecodedMessage implements Message {
  readonly mti: string;
  readonly body: Uint8Array;
  readonly trailing: Uint8Array;
  readonly plan: Plan;
  /** Bits 1-32 and 33-64, the announcing bits of further bitmaps taken out. */
  readonly word0: number;
  readonly word1: number;
  /** Bits 65-192, null when there is one bitmap only. */
  readonly more: readonly number[] | null;
  /** Where each present field begins (with its prefix), and at last where the fields end. */
  readonly starts: readonly number[];

  constructor(
    plan: Plan,
    mti: string,
    body: Uint8Array,
    trailing: Uint8Array,
    word0: number,
    word1: number,
    more: readonly number[] | null,
    starts: readonly number[],
  ) {
    this.plan = plan;
    this.mti = mti;
    this.body = body;
    this.trailing = trailing;
    this.word0 = word0;
    this.word1 = word1;
    this.more = more;
    this.starts = starts;
  }

  get bitmap(): string {
    const { plan, body } = this;
    const start = plan.mti === 'bcd' ? 2 : 4;
    const count = this.more === null ? 1 : this.more.length / 2 + 1;
    const end = Math.min(start + count * plan.bitmapBytes, body.length);
    if (plan.bitmap === 'binary') return readHex(body, start, end);
    const words = [this.word0, this.word1, ...(this.more ?? [])];
    if (count > 1) words[0] = words[0]! | 0x80000000;
    if (count > 2) words[2] = words[2]! | 0x80000000;
    return words.map((word) => (word >>> 0).toString(16).padStart(8, '0').toUpperCase()).join('');
  }

  has(field: number): boolean {
    return ((wordOf(this, field) << ((field - 1) & 31)) & 0x80000000) !== 0;
  }

  get(field: number): string | undefined {
    const index = this.indexOf(field);
    if (index < 0) return undefined;
    const spec = this.plan.at[field]!;
    const first = this.starts[index]!;
    const start = first + spec.prefixBytes;
    const { kind } = spec;
    if (kind === ValueKind.internedLatin1) {
      return readInterned(this.body, start, this.starts[index + 1]!);
    }
    const units = spec.prefixBytes === 0 ? spec.units : this.unitsOf(spec, index);
    if (kind === ValueKind.packedDigits) {
      return readPackedDigits(this.body, start, units) ?? badDigit(field, start);
    }
    return readValue(spec, this.body, start, this.starts[index + 1]!, units);
  }

  number(field: number): number | undefined {
    const index = this.indexOf(field);
    if (index < 0) return undefined;
    const spec = this.plan.at[field]!;
    const units = spec.prefixBytes === 0 ? spec.units : this.unitsOf(spec, index);
    if (spec.kind !== ValueKind.packedDigits || units > MOST_NUMBER_DIGITS) {
      return this.numberOfText(field, units);
    }
    const start = this.starts[index]! + spec.prefixBytes;
    const value = readPackedNumber(this.body, start, units);
    return value < 0 ? badDigit(field, start) : value;
  }

  bytes(field: number): Uint8Array | undefined {
    const index = this.indexOf(field);
    if (index < 0) return undefined;
    const { kind, prefixBytes } = this.plan.at[field]!;
    if (kind === ValueKind.hexAscii || kind === ValueKind.hexEbcdic) {
      return Buffer.from(this.get(field)!, 'hex');
    }
    return this.body.subarray(this.starts[index]! + prefixBytes, this.starts[index + 1]!);
  }

  wire(field: number): Uint8Array | undefined {
    const index = this.indexOf(field);
    return index < 0 ? undefined : this.body.subarray(this.starts[index]!, this.starts[index + 1]!);
  }

  fields(): number[] {
    const numbers: number[] = [];
    pushNumbers(numbers, this.word0, 0);
    pushNumbers(numbers, this.word1, 32);
    this.more?.forEach((word, place) => {
      pushNumbers(numbers, word, 64 + place * 32);
    });
    return numbers;
  }

  macInput(): Uint8Array {
    const last = MAC_FIELDS.find((field) => this.has(field));
    if (last === undefined || this.indexOf(last) !== this.starts.length - 2) return this.body;
    return this.body.subarray(0, this.body.length - this.plan.at[last]!.fixedBytes);
  }

  check(): void {
    for (const field of this.fields()) this.get(field);
  }

  toJSON(): SafeMessage {
    const fields: Record<string, string> = {};
    for (const field of this.fields()) fields[field] = safeText(this, field);
    return { mti: this.mti, fields };
  }

  /** Printing a message for debugging must not show what a log may not. */
  [inspect.custom](): SafeMessage {
    return this.toJSON();
  }

  /** The place of a present field among the present ones, -1 when it is absent. */
  indexOf(field: number): number {
    const shift = (field - 1) & 31;
    if (field >= 1 && field <= 32) {
      if (((this.word0 << shift) & 0x80000000) === 0) return -1;
      return shift === 0 ? 0 : bitCount(this.word0 >>> (32 - shift));
    }
    if (field > 32 && field <= 64) {
      if (((this.word1 << shift) & 0x80000000) === 0) return -1;
      return bitCount(this.word0) + (shift === 0 ? 0 : bitCount(this.word1 >>> (32 - shift)));
    }
    return this.indexOfMore(field, shift);
  }

  private indexOfMore(field: number, shift: number): number {
    const word = wordOf(this, field);
    if (((word << shift) & 0x80000000) === 0) return -1;
    let index = bitCount(this.word0) + bitCount(this.word1);
    for (let before = 0; before < (field - 65) >> 5; before++)
      index += bitCount(this.more![before]!);
    return index + (shift === 0 ? 0 : bitCount(word >>> (32 - shift)));
  }

  /** What the length prefix of a variable field counts, in digits where digits are packed. */
  private unitsOf(spec: FieldPlan, index: number): number {
    const start = this.starts[index]!;
    if (spec.kind <= ValueKind.packedTrackRight && spec.spread === Spread.byte) {
      return (this.starts[index + 1]! - start - spec.prefixBytes) * 2;
    }
    return readPrefix(spec, this.body, start);
  }

  private numberOfText(field: number, units: number): number {
    const text = this.get(field)!;
    if (units <= MOST_NUMBER_DIGITS && /^\d+$/.test(text)) return Number(text);
    throw new ProtocolError('bad-digit', `field ${field} is not a number of at most 15 digits`, {
      field,
    });
  }
}

function wordOf(message: DecodedMessage, field: number): number {
  if (field < 1) return 0;
  if (field <= 32) return message.word0;
  if (field <= 64) return message.word1;
  return message.more === null ? 0 : (message.more[(field - 65) >> 5] ?? 0);
}

function pushNumbers(numbers: number[], word: number, before: number): void {
  for (let left = word; left !== 0; ) {
    const lead = Math.clz32(left);
    left &= ~(0x80000000 >>> lead);
    numbers.push(before + lead + 1);
  }
}

/** The number of bits that are set in a 32-bit word. */
export function bitCount(word: number): number {
  let count = word - ((word >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
