import { inspect } from 'node:util';
import { readPackedDigits, readPackedNumber } from '../coding/digits.ts';
import { readInterned } from '../coding/text.ts';
import { ProtocolError } from '../error.ts';
import type { Message, SafeMessage } from './message.ts';
import { type FieldPlan, type Plan, Spread, ValueKind } from './plan.ts';
import { readPrefix } from './prefix.ts';
import { safeText } from './safe.ts';
import { type Shape, shortened } from './shape.ts';
import { badDigit, readValue } from './value.ts';

const MAC_FIELDS = [64, 128, 192];

/** The first bit of a bitmap says that another one follows. */
const ANNOUNCING_BIT = 0x80000000;

/** Digits that a number holds without loss. */
const MOST_NUMBER_DIGITS = 15;

/**
 * A message whose field offsets are known: its bitmap's shape says which fields there are, `starts`
 * where each begins.
 */
export class DecodedMessage implements Message {
  readonly mti: string;
  readonly #body: Uint8Array;
  readonly #trailing: Uint8Array;
  readonly #plan: Plan;
  readonly #shape: Shape;
  readonly #starts: readonly number[];

  /**
   * `starts` says where each present field begins (with its prefix), and at last where the fields
   * end. Everything but the MTI is private: a logger that copies an object's own properties must
   * not find the bytes.
   */
  constructor(
    plan: Plan,
    mti: string,
    body: Uint8Array,
    trailing: Uint8Array,
    shape: Shape,
    starts: readonly number[],
  ) {
    this.mti = mti;
    this.#plan = plan;
    this.#body = body;
    this.#trailing = trailing;
    this.#shape = shape;
    this.#starts = starts;
  }

  get body(): Uint8Array {
    return this.#body;
  }

  get trailing(): Uint8Array {
    return this.#trailing;
  }

  get plan(): Plan {
    return this.#plan;
  }

  get shape(): Shape {
    return this.#shape;
  }

  get starts(): readonly number[] {
    return this.#starts;
  }

  get bitmap(): string {
    const words = [...this.#shape.words];
    for (let place = 2; place < words.length; place += 2) {
      words[place - 2] = words[place - 2]! | ANNOUNCING_BIT;
    }
    return words.map((word) => (word >>> 0).toString(16).padStart(8, '0').toUpperCase()).join('');
  }

  has(field: number): boolean {
    return this.placeOf(field) >= 0;
  }

  get(field: number): string | undefined {
    const place = this.placeOf(field);
    return place < 0 ? undefined : this.valueAt(this.#shape.fields[place]!, place);
  }

  values(): (string | undefined)[] {
    const { fields } = this.#shape;
    const values = new Array<string | undefined>(this.#plan.maximum + 1);
    for (let place = 0; place < fields.length; place++) {
      const field = fields[place]!;
      values[field.number] = this.valueAt(field, place);
    }
    return values;
  }

  private valueAt(field: FieldPlan, place: number): string {
    const { kind, prefixBytes } = field;
    const start = this.#starts[place]! + prefixBytes;
    if (kind === ValueKind.internedLatin1) {
      return readInterned(this.#body, start, this.#starts[place + 1]!);
    }
    const units = prefixBytes === 0 ? field.units : this.unitsOf(field, place);
    if (kind === ValueKind.packedDigits) {
      return readPackedDigits(this.#body, start, units) ?? badDigit(field.number, start);
    }
    return readValue(field, this.#body, start, this.#starts[place + 1]!, units);
  }

  number(field: number): number | undefined {
    const index = this.placeOf(field);
    if (index < 0) return undefined;
    const spec = this.#plan.at[field]!;
    const units = spec.prefixBytes === 0 ? spec.units : this.unitsOf(spec, index);
    if (spec.kind !== ValueKind.packedDigits || units > MOST_NUMBER_DIGITS) {
      return this.numberOfText(field, units);
    }
    const start = this.#starts[index]! + spec.prefixBytes;
    const value = readPackedNumber(this.#body, start, units);
    return value < 0 ? badDigit(field, start) : value;
  }

  bytes(field: number): Uint8Array | undefined {
    const index = this.placeOf(field);
    if (index < 0) return undefined;
    const { kind, prefixBytes } = this.#plan.at[field]!;
    if (kind === ValueKind.hexAscii || kind === ValueKind.hexEbcdic) {
      return Buffer.from(this.get(field)!, 'hex');
    }
    return this.#body.subarray(this.#starts[index]! + prefixBytes, this.#starts[index + 1]!);
  }

  wire(field: number): Uint8Array | undefined {
    const index = this.placeOf(field);
    return index < 0
      ? undefined
      : this.#body.subarray(this.#starts[index]!, this.#starts[index + 1]!);
  }

  fields(): number[] {
    return this.#shape.fields.map(({ number }) => number);
  }

  macInput(): Uint8Array {
    const last = this.#shape.fields.at(-1);
    if (last === undefined || !MAC_FIELDS.includes(last.number)) return this.#body;
    return this.#body.subarray(0, this.#body.length - last.fixedBytes);
  }

  check(): void {
    try {
      this.values();
    } catch (error) {
      if (!(error instanceof ProtocolError) || error.field === null) throw error;
      const { code, message, field, offset } = error;
      const partial = this.firstFields(this.placeOf(field));
      throw new ProtocolError(code, message, { field, offset, partial });
    }
  }

  /** The message as far as its first `count` fields; what comes behind them is trailing. */
  firstFields(count: number): DecodedMessage {
    const end = this.#starts[count]!;
    return new DecodedMessage(
      this.#plan,
      this.mti,
      this.#body.subarray(0, end),
      Buffer.concat([this.#body.subarray(end), this.#trailing]),
      shortened(this.#plan, this.#shape, count),
      this.#starts.slice(0, count + 1),
    );
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

  /** The place of a field among the present ones, -1 when it is absent. */
  private placeOf(field: number): number {
    return this.#shape.places[field] ?? -1;
  }

  /** What the length prefix of a variable field counts, in digits where digits are packed. */
  private unitsOf(spec: FieldPlan, index: number): number {
    const start = this.#starts[index]!;
    if (spec.kind <= ValueKind.packedTrackRight && spec.spread === Spread.byte) {
      return (this.#starts[index + 1]! - start - spec.prefixBytes) * 2;
    }
    return readPrefix(spec, this.#body, start);
  }

  private numberOfText(field: number, units: number): number {
    const text = this.get(field)!;
    if (units <= MOST_NUMBER_DIGITS && /^\d+$/.test(text)) return Number(text);
    throw new ProtocolError('bad-digit', `field ${field} is not a number of at most 15 digits`, {
      field,
    });
  }
}
