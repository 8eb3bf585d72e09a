import type { DecodedMessage } from './decoded-message.ts';
import { bitCount } from './decoded-message.ts';
import { encodeMessage, unknownField, writeField, writeMti, writeWord } from './encode.ts';
import type { FieldValue } from './message.ts';
import type { FieldPlan, Plan } from './plan.ts';
import { Slab } from './slab.ts';

const FIRST_BIT = 0x80000000;

const slab = new Slab();

/** Builds the answer to one request; `values` stand in the order of the fields to set. */
export type AnswerBuilder = (request: DecodedMessage, values: readonly FieldValue[]) => Buffer;

/**
 * Works out once what an answer keeps of its request and what it sets, so that building one is
 * copying and writing only. A dialect with more than one bitmap goes through encodeMessage.
 */
export function prepareAnswer(
  plan: Plan,
  mti: string,
  keep: readonly number[],
  set: readonly number[],
): AnswerBuilder {
  for (const number of [...keep, ...set]) if (plan.at[number] === undefined) unknownField(number);
  if (plan.maximum > 64) return wideAnswer(plan, mti, keep, set);
  const head = new Uint8Array(4);
  const headBytes = writeMti(plan, head, 0, mti);
  const set0 = wordOf(set, 0);
  const set1 = wordOf(set, 32);
  const keep0 = wordOf(keep, 0) & ~set0;
  const keep1 = wordOf(keep, 32) & ~set1;
  const fields0 = setFields(plan, set, 0);
  const fields1 = setFields(plan, set, 32);
  const mostSet = [...fields0, ...fields1].reduce((sum, { field }) => sum + field.mostBytes, 0);
  return (request, values) => {
    const target = slab.reserve(request.body.length + mostSet);
    let position = slab.used;
    for (let index = 0; index < headBytes; index++) target[position++] = head[index]!;
    const { word0, word1 } = request;
    position = writeWord(plan, target, position, (word0 & keep0) | set0);
    position = writeWord(plan, target, position, (word1 & keep1) | set1);
    position = writeFields(request, target, position, 0, word0, keep0, set0, fields0, values);
    const first = bitCount(word0);
    position = writeFields(request, target, position, first, word1, keep1, set1, fields1, values);
    return slab.take(position);
  };
}

/** A field to set and the place of its value. */
interface SetField {
  readonly field: FieldPlan;
  readonly place: number;
}

function setFields(plan: Plan, set: readonly number[], before: number): SetField[] {
  return set
    .map((number, place) => ({ field: plan.at[number]!, place }))
    .filter(({ field: { number } }) => number > before && number <= before + 32)
    .sort((a, b) => a.field.number - b.field.number);
}

function wordOf(numbers: readonly number[], before: number): number {
  let word = 0;
  for (const number of numbers) {
    if (number > before && number <= before + 32) word |= FIRST_BIT >>> (number - before - 1);
  }
  return word;
}

/**
 * Writes the fields of one bitmap word: kept ones as the request's bytes, neighbours among them in
 * one go, the others as values.
 */
function writeFields(
  request: DecodedMessage,
  target: Uint8Array,
  start: number,
  first: number,
  present: number,
  keep: number,
  set: number,
  fields: readonly SetField[],
  values: readonly FieldValue[],
): number {
  const { body, starts } = request;
  let position = start;
  let index = first;
  let next = 0;
  let runStart = 0;
  let runEnd = 0;
  for (let left = present | set; left !== 0; ) {
    const bit = FIRST_BIT >>> Math.clz32(left);
    left &= ~bit;
    const kept = (keep & bit) !== 0;
    if (kept && runEnd === starts[index]) {
      runEnd = starts[index + 1]!;
    } else {
      position = copy(body, runStart, runEnd, target, position);
      runStart = kept ? starts[index]! : 0;
      runEnd = kept ? starts[index + 1]! : 0;
    }
    if ((set & bit) !== 0) {
      const setField = fields[next++]!;
      position = writeField(setField.field, target, position, values[setField.place]!);
    }
    if ((present & bit) !== 0) index++;
  }
  return copy(body, runStart, runEnd, target, position);
}

/** Copies bytes eight at a time: for so few, a loop of our own is faster than a call into C++. */
function copy(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetStart: number,
): number {
  let from = start;
  let to = targetStart;
  for (; from + 8 <= end; from += 8, to += 8) {
    target[to] = source[from]!;
    target[to + 1] = source[from + 1]!;
    target[to + 2] = source[from + 2]!;
    target[to + 3] = source[from + 3]!;
    target[to + 4] = source[from + 4]!;
    target[to + 5] = source[from + 5]!;
    target[to + 6] = source[from + 6]!;
    target[to + 7] = source[from + 7]!;
  }
  for (; from < end; from++) target[to++] = source[from]!;
  return to;
}

function wideAnswer(
  plan: Plan,
  mti: string,
  keep: readonly number[],
  set: readonly number[],
): AnswerBuilder {
  return (request, values) => {
    const fields: Record<number, FieldValue> = {};
    set.forEach((number, place) => {
      fields[number] = values[place]!;
    });
    const wire: Record<number, Uint8Array> = {};
    for (const number of keep) {
      const raw = fields[number] === undefined ? request.wire(number) : undefined;
      if (raw !== undefined) wire[number] = raw;
    }
    return encodeMessage(plan, { mti, fields, wire });
  };
}
