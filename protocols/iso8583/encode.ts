import { ebcdicOfLatin1 } from '../coding/ebcdic.ts';
import { ProtocolError } from '../error.ts';
import type { FieldValue, MessageInput } from './message.ts';
import { type FieldPlan, MOST_HEAD_BYTES, type Plan, ValueKind } from './plan.ts';
import { writePrefix } from './prefix.ts';
import { Slab } from './slab.ts';
import { prepareValue, unitsOf, writeText } from './value.ts';

const FIRST_BIT = 0x80000000;
const ZERO = 0x30;
/** The kinds up to this one are digits and single-byte text. */
const FIXED_TEXT_KINDS = ValueKind.ebcdic;
const NO_WIRE: NonNullable<MessageInput['wire']> = {};

const slab = new Slab();

/**
 * Encodes a message from its values. Throws ProtocolError `bad-mti`, `unknown-field` (for numbers
 * within the dialect's bitmaps) or `bad-value`.
 */
export function encodeMessage(plan: Plan, input: MessageInput): Buffer {
  if (plan.maximum === 64 && input.wire === undefined) return encodeOneBitmap(plan, input);
  const { mti, fields, wire = NO_WIRE } = input;
  const words = [0, 0, 0, 0, 0, 0];
  let bound = MOST_HEAD_BYTES;
  for (let number = 0; number <= plan.maximum; number++) {
    if (wire[number] === undefined && fields[number] === undefined) continue;
    const field = plan.at[number] ?? unknownField(number);
    words[(number - 1) >> 5]! |= FIRST_BIT >>> ((number - 1) & 31);
    bound += wire[number]?.length ?? field.mostBytes;
  }
  const target = slab.reserve(bound);
  let position = writeHead(plan, target, slab.used, mti, words);
  for (const number of plan.defined) {
    const raw = wire[number];
    const value = fields[number];
    if (raw !== undefined) {
      target.set(raw, position);
      position += raw.length;
    } else if (value !== undefined) {
      position = writeField(plan.at[number]!, target, position, value);
    }
  }
  return slab.take(position);
}

/** The same in one pass, for dialects whose bitmap has a fixed place and size. */
function encodeOneBitmap(plan: Plan, { mti, fields }: MessageInput): Buffer {
  const { at } = plan;
  const target = slab.reserve(plan.mostBytes);
  const bitmapStart = writeMti(plan, target, slab.used, mti);
  let position = bitmapStart + plan.bitmapBytes;
  let word0 = 0;
  let word1 = 0;
  for (let number = 1; number <= 64; number++) {
    const value = fields[number];
    if (value === undefined) continue;
    const field = at[number] ?? unknownField(number);
    if (number <= 32) word0 |= FIRST_BIT >>> (number - 1);
    else word1 |= FIRST_BIT >>> (number - 33);
    position = writeField(field, target, position, value);
  }
  writeWord(plan, target, writeWord(plan, target, bitmapStart, word0), word1);
  return slab.take(position);
}

/** Throws: the dialect has no such field. */
export function unknownField(number: number): never {
  throw new ProtocolError('unknown-field', `field ${number} is not defined`, { field: number });
}

/** Writes prefix and value of one field; gives the position behind it. */
export function writeField(
  field: FieldPlan,
  target: Uint8Array,
  start: number,
  value: FieldValue,
): number {
  if (typeof value === 'string' && isWhole(field, value)) {
    return writeText(field, target, start, value);
  }
  const prepared = prepareValue(field, value);
  let position = start;
  if (field.prefixBytes > 0) {
    position = writePrefix(field, target, position, unitsOf(field, prepared));
  }
  if (typeof prepared === 'string') return writeText(field, target, position, prepared);
  for (let index = 0; index < prepared.length; index++) target[position++] = prepared[index]!;
  return position;
}

/** A fixed text or digits field's value that needs no filling and no check of its length. */
function isWhole(field: FieldPlan, value: string): boolean {
  return field.fixedBytes >= 0 && value.length === field.units && field.kind <= FIXED_TEXT_KINDS;
}

/** Writes MTI and bitmaps; gives the position behind them. */
export function writeHead(
  plan: Plan,
  target: Uint8Array,
  start: number,
  mti: string,
  words: readonly number[],
): number {
  let position = writeMti(plan, target, start, mti);
  const third = (words[4]! | words[5]!) !== 0;
  const second = third || (words[2]! | words[3]!) !== 0;
  position = writeWord(plan, target, position, second ? words[0]! | FIRST_BIT : words[0]!);
  position = writeWord(plan, target, position, words[1]!);
  if (!second) return position;
  position = writeWord(plan, target, position, third ? words[2]! | FIRST_BIT : words[2]!);
  position = writeWord(plan, target, position, words[3]!);
  if (!third) return position;
  position = writeWord(plan, target, position, words[4]!);
  return writeWord(plan, target, position, words[5]!);
}

/** Writes the message type. Throws ProtocolError `bad-mti`. */
function writeMti(plan: Plan, target: Uint8Array, start: number, mti: string): number {
  for (let index = 0; index < 4; index++) {
    const digit = mti.charCodeAt(index) - ZERO;
    if (!(digit >= 0 && digit <= 9) || mti.length !== 4) {
      throw new ProtocolError('bad-mti', 'the message type is not four digits');
    }
    if (plan.mti !== 'bcd') {
      target[start + index] = plan.mti === 'ascii' ? ZERO + digit : ebcdicOfLatin1(ZERO + digit);
    } else if (index % 2 === 0) {
      target[start + index / 2] = digit << 4;
    } else {
      target[start + (index >> 1)]! |= digit;
    }
  }
  return start + (plan.mti === 'bcd' ? 2 : 4);
}

/** Writes 32 bits of a bitmap. */
function writeWord(plan: Plan, target: Uint8Array, start: number, word: number): number {
  if (plan.bitmap === 'binary') {
    target[start] = word >>> 24;
    target[start + 1] = (word >>> 16) & 0xff;
    target[start + 2] = (word >>> 8) & 0xff;
    target[start + 3] = word & 0xff;
    return start + 4;
  }
  const hex = (word >>> 0).toString(16).padStart(8, '0').toUpperCase();
  for (let index = 0; index < 8; index++) {
    const code = hex.charCodeAt(index);
    target[start + index] = plan.bitmap === 'hex-ascii' ? code : ebcdicOfLatin1(code);
  }
  return start + 8;
}
