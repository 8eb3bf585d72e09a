import type { FieldPlan, Plan } from './plan.ts';

const FIRST_BIT = 0x80000000;

/**
 * What one bitmap says: which fields a message has, in order. Terminals send the same few bitmaps
 * all day, so a shape is worked out once and found again by its words.
 */
export interface Shape {
  /** The bitmap in 32-bit words, the bits that announce further bitmaps taken out. */
  readonly words: readonly number[];
  /** The fields up to the first one that the dialect does not define. */
  readonly fields: readonly FieldPlan[];
  /** Number of that undefined field, 0 when the dialect has them all. */
  readonly unknown: number;
  /** By field number: the place among the present fields, -1 when absent. */
  readonly places: Int16Array;
}

/** Slots for shapes. More bitmaps than that only cost the working out, whoever sends them. */
const SLOTS = 256;

/** Gives the shapes of one dialect. */
export class Shapes {
  private readonly plan: Plan;
  private readonly slots: (Shape | null)[] = new Array<Shape | null>(SLOTS).fill(null);

  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** The shape of a single bitmap. */
  of(word0: number, word1: number): Shape {
    const mixed = Math.imul(word0, 0x9e3779b1) ^ Math.imul(word1, 0x85ebca6b);
    const slot = (mixed ^ (mixed >>> 15)) & (SLOTS - 1);
    const found = this.slots[slot];
    if (found != null && found.words[0] === word0 && found.words[1] === word1) return found;
    const shape = shapeOf(this.plan, [word0, word1]);
    this.slots[slot] = shape;
    return shape;
  }

  /** The shape of two or three bitmaps, worked out each time. */
  ofMany(words: readonly number[]): Shape {
    return shapeOf(this.plan, words);
  }
}

/** Works a shape out. */
export function shapeOf(plan: Plan, words: readonly number[]): Shape {
  const fields: FieldPlan[] = [];
  const places = new Int16Array(plan.maximum + 1).fill(-1);
  for (const number of numbersOf(words)) {
    const field = plan.at[number];
    if (field === undefined) return { words, fields, unknown: number, places };
    places[number] = fields.length;
    fields.push(field);
  }
  return { words, fields, unknown: 0, places };
}

/** The first `count` fields of a shape; the bitmap stays what was received. */
export function shortened({ maximum }: Plan, shape: Shape, count: number): Shape {
  const fields = shape.fields.slice(0, count);
  const places = new Int16Array(maximum + 1).fill(-1);
  fields.forEach(({ number }, place) => {
    places[number] = place;
  });
  return { words: shape.words, fields, unknown: 0, places };
}

/** The field numbers whose bits are set, ascending. */
function numbersOf(words: readonly number[]): number[] {
  const numbers: number[] = [];
  words.forEach((word, place) => {
    for (let left = word; left !== 0; ) {
      const lead = Math.clz32(left);
      left &= ~(FIRST_BIT >>> lead);
      numbers.push(place * 32 + lead + 1);
    }
  });
  return numbers;
}
