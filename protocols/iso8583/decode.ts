import { fourDigits } from '../coding/digits.ts';
import { readEbcdic } from '../coding/ebcdic.ts';
import { readLatin1 } from '../coding/text.ts';
import { ProtocolError } from '../error.ts';
import { bitCount, DecodedMessage } from './decoded-message.ts';
import { type Plan, Spread } from './plan.ts';
import { readPrefix } from './prefix.ts';

const NOTHING = new Uint8Array(0);
const FIRST_BIT = 0x80000000;

/** Reads a body from the MTI on. Throws ProtocolError; what was read before is on the error. */
export function decodeBody(plan: Plan, body: Uint8Array): DecodedMessage {
  const mti = readMti(plan, body);
  const bitmapStart = plan.mti === 'bcd' ? 2 : 4;
  let position = bitmapStart + plan.bitmapBytes;
  need(body, bitmapStart, plan.bitmapBytes, 'the bitmap');
  let word0 = readWord(plan, body, bitmapStart, 0);
  const word1 = readWord(plan, body, bitmapStart, 1);
  let more: number[] | null = null;
  if ((word0 & FIRST_BIT) !== 0) {
    more = readFurtherBitmaps(plan, body, bitmapStart);
    position += (more.length / 2) * plan.bitmapBytes;
    word0 &= ~FIRST_BIT;
  }
  let count = bitCount(word0) + bitCount(word1) + 1;
  if (more !== null) for (const word of more) count += bitCount(word);
  const starts = new Array<number>(count);
  const walk = new Walk(plan, mti, body, word0, word1, more, starts);
  position = walk.fields(word0, 0, position);
  position = walk.fields(word1, 32, position);
  if (more !== null) {
    for (let index = 0; index < more.length; index++) {
      position = walk.fields(more[index]!, 64 + index * 32, position);
    }
  }
  starts[walk.found] = position;
  if (position === body.length) {
    return new DecodedMessage(plan, mti, body, NOTHING, word0, word1, more, starts);
  }
  const fields = body.subarray(0, position);
  const trailing = body.subarray(position);
  return new DecodedMessage(plan, mti, fields, trailing, word0, word1, more, starts);
}

/** Finds the offsets of the fields one word of the bitmap after the other. */
class Walk {
  found = 0;
  private readonly plan: Plan;
  private readonly mti: string;
  private readonly body: Uint8Array;
  private readonly word0: number;
  private readonly word1: number;
  private readonly more: readonly number[] | null;
  private readonly starts: number[];

  constructor(
    plan: Plan,
    mti: string,
    body: Uint8Array,
    word0: number,
    word1: number,
    more: readonly number[] | null,
    starts: number[],
  ) {
    this.plan = plan;
    this.mti = mti;
    this.body = body;
    this.word0 = word0;
    this.word1 = word1;
    this.more = more;
    this.starts = starts;
  }

  fields(word: number, before: number, start: number): number {
    const { plan, body, starts } = this;
    const { fixedBytes } = plan;
    let position = start;
    let index = this.found;
    let left = word;
    while (left !== 0) {
      const lead = Math.clz32(left);
      left &= ~(FIRST_BIT >>> lead);
      const field = before + lead + 1;
      starts[index] = position;
      const fixed = fixedBytes[field]!;
      const end = fixed >= 0 ? position + fixed : this.endOfVariable(field, position, index);
      if (end > body.length) this.truncated(field, position, end, index);
      position = end;
      index++;
    }
    this.found = index;
    return position;
  }

  private endOfVariable(field: number, start: number, index: number): number {
    const { plan, body } = this;
    if (plan.known[field] === 0) {
      this.fail('unknown-field', `field ${field} is not defined`, field, start, index);
    }
    const prefixBytes = plan.prefixBytes[field]!;
    if (start + prefixBytes > body.length) this.truncated(field, start, start + prefixBytes, index);
    const count = readPrefix(plan, field, body, start);
    if (count < 0) {
      this.fail('bad-length', `field ${field} has no number as its length`, field, start, index);
    }
    if (count > plan.units[field]!) {
      const most = `field ${field} says ${count}, at most ${plan.units[field]} is allowed`;
      this.fail('bad-length', most, field, start, index);
    }
    const spread = plan.spread[field];
    const bytes = spread === Spread.nibble ? (count + 1) >> 1 : count << (spread! >> 1);
    return start + prefixBytes + bytes;
  }

  private truncated(field: number, start: number, end: number, index: number): never {
    const needed = end - start;
    const had = this.body.length - start;
    throw new ProtocolError('truncated', `field ${field} needs ${needed} bytes, ${had} are left`, {
      field,
      offset: start,
      needed,
      had,
      partial: this.partial(field, start, index),
    });
  }

  private fail(
    code: 'unknown-field' | 'bad-length',
    text: string,
    field: number,
    start: number,
    index: number,
  ): never {
    const partial = this.partial(field, start, index);
    throw new ProtocolError(code, text, { field, offset: start, partial });
  }

  /** The message as far as it was read: the fields in front of `field`. */
  private partial(field: number, end: number, index: number): DecodedMessage {
    const starts = this.starts.slice(0, index);
    starts.push(end);
    const kept = (word: number, before: number): number => {
      const bits = Math.min(Math.max(field - 1 - before, 0), 32);
      return bits === 0 ? 0 : word & (-1 << (32 - bits));
    };
    return new DecodedMessage(
      this.plan,
      this.mti,
      this.body.subarray(0, end),
      this.body.subarray(end),
      kept(this.word0, 0),
      kept(this.word1, 32),
      this.more === null ? null : this.more.map((word, place) => kept(word, 64 + place * 32)),
      starts,
    );
  }
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
  const text =
    plan.bitmap === 'hex-ascii' ? readLatin1(body, at, at + 8) : readEbcdic(body, at, at + 8);
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
  const had = body.length - offset;
  if (had >= needed) return;
  throw new ProtocolError(
    'truncated',
    `${what} needs ${needed} bytes, ${Math.max(had, 0)} are left`,
    {
      offset,
      needed,
      had: Math.max(had, 0),
    },
  );
}
