import { packedOf } from '../coding/digits.ts';
import { ebcdicOfLatin1 } from '../coding/ebcdic.ts';
import { ProtocolError } from '../error.ts';
import type { DecodedMessage } from './decoded-message.ts';
import { bitCount } from './decoded-message.ts';
import type { FieldValue, FieldValues, MessageInput } from './message.ts';
import type { Plan } from './plan.ts';
import { writePrefix } from './prefix.ts';
import { prepareValue, writeText } from './value.ts';

/** Messages are cut from slabs of this size; each slab is used up before the next one begins. */
const SLAB_BYTES = 65_536;
const ANNOUNCING_BIT = 0x80000000;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let slabUsed = 0;

/** Room for `bytes` at `slabUsed` of the current slab. */
function reserve(bytes: number): Buffer {
  if (slabUsed + bytes > slab.length) {
    slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
    slabUsed = 0;
  }
  return slab;
}

/** Takes what was written from `slabUsed` to `end` as one message. */
function take(end: number): Buffer {
  const message = slab.subarray(slabUsed, end);
  slabUsed = end;
  return message;
}

/** Encodes a message from its values. Throws ProtocolError `bad-mti`, `unknown-field`, `bad-value`. */
export function encodeMessage(plan: Plan, input: MessageInput): Buffer {
  const { mti, fields, wire = {} } = input;
  const words = [0, 0, 0, 0, 0, 0];
  let bound = 4 + 3 * plan.bitmapBytes;
  for (const field of numbersOf(plan, fields, wire)) {
    words[(field - 1) >> 5]! |= ANNOUNCING_BIT >>> ((field - 1) & 31);
    bound += wire[field]?.length ?? boundOf(plan, field, fields[field]!);
  }
  const target = reserve(bound);
  let position = writeHead(plan, target, slabUsed, mti, words);
  for (const field of plan.defined) {
    const raw = wire[field];
    if (raw !== undefined) {
      target.set(raw, position);
      position += raw.length;
    } else if (fields[field] !== undefined) {
      position = writeField(plan, field, target, position, fields[field]);
    }
  }
  return take(position);
}

function numbersOf(plan: Plan, ...sources: readonly object[]): Set<number> {
  const numbers = new Set<number>();
  for (const source of sources) {
    for (const [key, value] of Object.entries(source)) {
      const field = Number(key);
      if (value === undefined) continue;
      if (plan.known[field] !== 1) {
        throw new ProtocolError('unknown-field', `field ${key} is not defined`, {
          field: Number.isInteger(field) ? field : null,
        });
      }
      numbers.add(field);
    }
  }
  return numbers;
}

/** At most so many bytes a field takes: prefix, and the value at its widest encoding. */
function boundOf(plan: Plan, field: number, value: FieldValue): number {
  return 4 + Math.max(value.length * 2, plan.fixedBytes[field]!);
}

/** Writes prefix and value of one field; gives the position behind it. */
function writeField(
  plan: Plan,
  field: number,
  target: Uint8Array,
  start: number,
  value: FieldValue,
): number {
  const prepared = prepareValue(plan, field, value);
  let position = start;
  if (plan.prefixBytes[field]! > 0) {
    position = writePrefix(plan, field, target, position, prepared.units);
  }
  if (typeof prepared.value === 'string') {
    return writeText(plan, field, target, position, prepared.value);
  }
  target.set(prepared.value, position);
  return position + prepared.value.length;
}

/** Writes MTI and bitmaps; gives the position behind them. */
function writeHead(
  plan: Plan,
  target: Uint8Array,
  start: number,
  mti: string,
  words: readonly number[],
): number {
  let position = writeMti(plan, target, start, mti);
  const third = (words[4]! | words[5]!) !== 0;
  const second = third || (words[2]! | words[3]!) !== 0;
  position = writeWord(plan, target, position, second ? words[0]! | ANNOUNCING_BIT : words[0]!);
  position = writeWord(plan, target, position, words[1]!);
  if (!second) return position;
  position = writeWord(plan, target, position, third ? words[2]! | ANNOUNCING_BIT : words[2]!);
  position = writeWord(plan, target, position, words[3]!);
  if (!third) return position;
  position = writeWord(plan, target, position, words[4]!);
  return writeWord(plan, target, position, words[5]!);
}

function writeMti(plan: Plan, target: Uint8Array, start: number, mti: string): number {
  const value = mti.length === 4 ? Number(mti) : Number.NaN;
  if (!Number.isInteger(value) || value < 0 || value > 9999 || mti.charCodeAt(0) < 0x30) {
    throw new ProtocolError('bad-mti', 'the message type is not four digits');
  }
  if (plan.mti === 'bcd') {
    target[start] = packedOf(Math.floor(value / 100));
    target[start + 1] = packedOf(value % 100);
    return start + 2;
  }
  for (let index = 0; index < 4; index++) {
    const code = mti.charCodeAt(index);
    target[start + index] = plan.mti === 'ascii' ? code : ebcdicOfLatin1(code);
  }
  return start + 4;
}

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

/**
 * Builds an answer out of a request's raw fields and new values (see Codec.answer). Field numbers
 * up to 64 take the fast way; a dialect with more bitmaps goes through encodeMessage.
 */
export function encodeAnswer(
  plan: Plan,
  request: DecodedMessage,
  mti: string,
  keep: readonly number[],
  set: FieldValues,
): Buffer {
  if (plan.maximum > 64) return encodeWideAnswer(plan, request, mti, keep, set);
  let set0 = 0;
  let set1 = 0;
  let bound = 4 + plan.bitmapBytes;
  for (const field of plan.defined) {
    const value = set[field];
    if (value === undefined) continue;
    if (field <= 32) set0 |= ANNOUNCING_BIT >>> (field - 1);
    else set1 |= ANNOUNCING_BIT >>> (field - 33);
    bound += boundOf(plan, field, value);
  }
  let keep0 = 0;
  let keep1 = 0;
  for (let index = 0; index < keep.length; index++) {
    const field = keep[index]!;
    if (field <= 32) keep0 |= ANNOUNCING_BIT >>> (field - 1);
    else keep1 |= ANNOUNCING_BIT >>> (field - 33);
  }
  keep0 &= request.word0 & ~set0;
  keep1 &= request.word1 & ~set1;
  const target = reserve(bound + request.body.length);
  let position = writeMti(plan, target, slabUsed, mti);
  position = writeWord(plan, target, position, keep0 | set0);
  position = writeWord(plan, target, position, keep1 | set1);
  position = writeWordFields(plan, request, target, position, request.word0, keep0, set0, 0, set);
  position = writeWordFields(plan, request, target, position, request.word1, keep1, set1, 32, set);
  return take(position);
}

/** Writes the kept and the new fields of one bitmap word in order. */
function writeWordFields(
  plan: Plan,
  request: DecodedMessage,
  target: Uint8Array,
  start: number,
  present: number,
  keep: number,
  set: number,
  before: number,
  values: FieldValues,
): number {
  const { body, starts } = request;
  let position = start;
  let index = before === 0 ? 0 : bitCount(request.word0);
  let left = present | set;
  while (left !== 0) {
    const bit = ANNOUNCING_BIT >>> Math.clz32(left);
    left &= ~bit;
    if ((set & bit) !== 0) {
      const field = before + Math.clz32(bit) + 1;
      position = writeField(plan, field, target, position, values[field]!);
    } else if ((keep & bit) !== 0) {
      const end = starts[index + 1]!;
      for (let from = starts[index]!; from < end; from++) target[position++] = body[from]!;
    }
    if ((present & bit) !== 0) index++;
  }
  return position;
}

function encodeWideAnswer(
  plan: Plan,
  request: DecodedMessage,
  mti: string,
  keep: readonly number[],
  set: FieldValues,
): Buffer {
  const wire: Record<number, Uint8Array> = {};
  for (const field of keep) {
    const raw = set[field] === undefined ? request.wire(field) : undefined;
    if (raw !== undefined) wire[field] = raw;
  }
  return encodeMessage(plan, { mti, fields: set, wire });
}
