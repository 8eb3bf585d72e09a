import { fourDigits } from '../coding/digits.ts';
import { readEbcdic } from '../coding/ebcdic.ts';
import { readLatin1 } from '../coding/text.ts';
import { ProtocolError, type ProtocolErrorCode } from '../error.ts';
import { DecodedMessage } from './decoded-message.ts';
import { type FieldPlan, type Plan, Spread } from './plan.ts';
import { readPrefix } from './prefix.ts';
import type { Shape, Shapes } from './shape.ts';

const NOTHING = new Uint8Array(0);
const FIRST_BIT = 0x80000000;

/** Reads a body from the MTI on. Throws ProtocolError; what was read before is on the error. */
export function decodeBody(plan: Plan, shapes: Shapes, body: Uint8Array): DecodedMessage {
  const mti = readMti(plan, body);
  const bitmapStart = plan.mti === 'bcd' ? 2 : 4;
  const bitmapEnd = bitmapStart + plan.bitmapBytes;
  if (bitmapEnd > body.length) need(body, bitmapStart, plan.bitmapBytes, 'the bitmap');
  const word0 = readWord(plan, body, bitmapStart, 0);
  const word1 = readWord(plan, body, bitmapStart, 1);
  if ((word0 & FIRST_BIT) === 0) {
    return findFields(plan, mti, body, shapes.of(word0, word1), bitmapEnd);
  }
  const more = readFurtherBitmaps(plan, body, bitmapStart);
  const shape = shapes.ofMany([word0 & ~FIRST_BIT, word1, ...more]);
  return findFields(plan, mti, body, shape, bitmapEnd + (more.length / 2) * plan.bitmapBytes);
}

/** Finds where each field begins. */
function findFields(
  plan: Plan,
  mti: string,
  body: Uint8Array,
  shape: Shape,
  start: number,
): DecodedMessage {
  const { fields } = shape;
  const count = fields.length;
  const starts = new Array<number>(count + 1);
  const message = new DecodedMessage(plan, mti, body, NOTHING, shape, starts);
  let position = start;
  for (let index = 0; index < count; index++) {
    const field = fields[index]!;
    starts[index] = position;
    const { fixedBytes } = field;
    const end =
      fixedBytes >= 0 ? position + fixedBytes : endOfVariable(message, field, index, position);
    if (end > body.length) return truncated(message, field.number, index, position, end);
    position = end;
  }
  starts[count] = position;
  if (shape.unknown !== 0) {
    return fail(message, 'unknown-field', shape.unknown, count, position, 'is not defined');
  }
  if (position === body.length) return message;
  const own = body.subarray(0, position);
  return new DecodedMessage(plan, mti, own, body.subarray(position), shape, starts);
}

function endOfVariable(
  message: DecodedMessage,
  field: FieldPlan,
  index: number,
  start: number,
): number {
  const valueStart = start + field.prefixBytes;
  if (valueStart > message.body.length) {
    return truncated(message, field.number, index, start, valueStart);
  }
  const count = readPrefix(field, message.body, start);
  if (count < 0) {
    return fail(message, 'bad-length', field.number, index, start, 'has no number as its length');
  }
  if (count > field.units) {
    const reason = `says ${count}, at most ${field.units} is allowed`;
    return fail(message, 'bad-length', field.number, index, start, reason);
  }
  if (field.spread === Spread.nibble) return valueStart + ((count + 1) >> 1);
  return valueStart + (field.spread === Spread.twoBytes ? count * 2 : count);
}

function truncated(
  message: DecodedMessage,
  field: number,
  index: number,
  start: number,
  end: number,
): never {
  const needed = end - start;
  const had = message.body.length - start;
  const reason = `needs ${needed} bytes, ${had} are left`;
  return fail(message, 'truncated', field, index, start, reason, needed, had);
}

function fail(
  message: DecodedMessage,
  code: ProtocolErrorCode,
  field: number,
  index: number,
  offset: number,
  reason: string,
  needed = 0,
  had = 0,
): never {
  throw new ProtocolError(code, `field ${field} ${reason}`, {
    field,
    offset,
    needed,
    had,
    partial: message.firstFields(index),
  });
}

function readMti(plan: Plan, body: Uint8Array): string {
  if (plan.mti === 'bcd') {
    need(body, 0, 2, 'the message type');
    return fourDigits(body[0]!, body[1]!) ?? badMti();
  }
  need(body, 0, 4, 'the message type');
  const text = plan.mti === 'ascii' ? readLatin1(body, 0, 4) : readEbcdic(body, 0, 4);
  return /^\d{4}$/.test(text) ? text : badMti();
}

function badMti(): never {
  throw new ProtocolError('bad-mti', 'the message type is not four digits');
}

/** 32 bits of a bitmap; `half` counts words from `start`. */
function readWord(plan: Plan, body: Uint8Array, start: number, half: number): number {
  if (plan.bitmap === 'binary') {
    const at = start + half * 4;
    return (body[at]! << 24) | (body[at + 1]! << 16) | (body[at + 2]! << 8) | body[at + 3]!;
  }
  const at = start + half * 8;
  const read = plan.bitmap === 'hex-ascii' ? readLatin1 : readEbcdic;
  const text = read(body, at, at + 8);
  if (!/^[0-9A-Fa-f]{8}$/.test(text)) {
    throw new ProtocolError('bad-bitmap', 'the bitmap is not hex', { offset: at });
  }
  return Number.parseInt(text, 16) | 0;
}

/** The words of the second and third bitmap, the announcing bit 65 taken out. */
function readFurtherBitmaps(plan: Plan, body: Uint8Array, first: number): number[] {
  if (plan.maximum === 64) {
    throw new ProtocolError('bad-bitmap', 'bit 1 asks for a second bitmap, there is one only', {
      offset: first,
    });
  }
  const second = first + plan.bitmapBytes;
  need(body, second, plan.bitmapBytes, 'the second bitmap');
  const words = [readWord(plan, body, second, 0), readWord(plan, body, second, 1)];
  if (plan.maximum === 192 && (words[0]! & FIRST_BIT) !== 0) {
    words[0] = words[0]! & ~FIRST_BIT;
    const third = second + plan.bitmapBytes;
    need(body, third, plan.bitmapBytes, 'the third bitmap');
    words.push(readWord(plan, body, third, 0), readWord(plan, body, third, 1));
  }
  return words;
}

function need(body: Uint8Array, offset: number, needed: number, what: string): void {
  const had = Math.max(body.length - offset, 0);
  if (had >= needed) return;
  throw new ProtocolError('truncated', `${what} needs ${needed} bytes, ${had} are left`, {
    offset,
    needed,
    had,
  });
}
