import type { DecodedMessage } from './decoded-message.ts';
import { unknownField, writeField, writeHead } from './encode.ts';
import type { FieldValue } from './message.ts';
import { type FieldPlan, MOST_HEAD_BYTES, type Plan } from './plan.ts';
import type { Shape } from './shape.ts';
import { Slab } from './slab.ts';

const FIRST_BIT = 0x80000000;

const slab = new Slab();

/** Builds the answer to one request; `values` stand in the order of the fields to set. */
export type AnswerBuilder = (request: DecodedMessage, values: readonly FieldValue[]) => Buffer;

/**
 * Works out what an answer keeps of its request and what it sets: the head once, the order of
 * copying and writing once for each bitmap that requests have.
 */
export function prepareAnswer(
  plan: Plan,
  mti: string,
  keep: readonly number[],
  set: readonly number[],
): AnswerBuilder {
  for (const number of [...keep, ...set]) if (plan.at[number] === undefined) unknownField(number);
  const mostSet = set.reduce((sum, number) => sum + plan.at[number]!.mostBytes, MOST_HEAD_BYTES);
  const scripts = new Map<Shape, Script>();
  return (request, values) => {
    let script = scripts.get(request.shape);
    if (script === undefined) {
      script = scriptOf(plan, mti, request.shape, keep, set);
      if (scripts.size >= MOST_SCRIPTS) scripts.clear();
      scripts.set(request.shape, script);
    }
    const target = slab.reserve(request.body.length + mostSet);
    return slab.take(follow(script, request, values, target, slab.used));
  };
}

/** Requests of more bitmaps than this have their scripts worked out anew. */
const MOST_SCRIPTS = 64;

/** What to do to build an answer to a request of one shape. */
interface Script {
  /** MTI and bitmaps. */
  readonly head: Uint8Array;
  readonly steps: readonly Step[];
}

/** Writes the value at `place` as `field`; or copies the request's fields `first` to `last`. */
interface Step {
  readonly field: FieldPlan | null;
  readonly place: number;
  readonly first: number;
  readonly last: number;
}

function scriptOf(
  plan: Plan,
  mti: string,
  shape: Shape,
  keep: readonly number[],
  set: readonly number[],
): Script {
  const kept = keep.filter((number) => shape.places[number]! >= 0 && !set.includes(number));
  const numbers = [...new Set([...kept, ...set])].sort((a, b) => a - b);
  const words = [0, 0, 0, 0, 0, 0];
  const steps: Step[] = [];
  for (const number of numbers) {
    words[(number - 1) >> 5]! |= FIRST_BIT >>> ((number - 1) & 31);
    const place = set.indexOf(number);
    const first = shape.places[number]!;
    const before = steps.at(-1);
    if (place >= 0) {
      steps.push({ field: plan.at[number]!, place, first: -1, last: -1 });
    } else if (before !== undefined && before.field === null && before.last === first - 1) {
      steps[steps.length - 1] = { ...before, last: first };
    } else {
      steps.push({ field: null, place: -1, first, last: first });
    }
  }
  const head = Buffer.alloc(MOST_HEAD_BYTES);
  return { head: head.subarray(0, writeHead(plan, head, 0, mti, words)), steps };
}

function follow(
  { head, steps }: Script,
  request: DecodedMessage,
  values: readonly FieldValue[],
  target: Uint8Array,
  start: number,
): number {
  const { body, starts } = request;
  let position = copy(head, 0, head.length, target, start);
  for (let index = 0; index < steps.length; index++) {
    const { field, place, first, last } = steps[index]!;
    position =
      field === null
        ? copy(body, starts[first]!, starts[last + 1]!, target, position)
        : writeField(field, target, position, values[place]!);
  }
  return position;
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
