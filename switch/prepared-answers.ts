/**
 * Answers of one listener, prepared: what an answer keeps and which fields it sets is worked out the
 * first time that it occurs, then building one is copying and writing.
 */
import type { Codec, FieldValue, Message, PreparedAnswer } from '../protocols/iso8583/message.ts';
import type { TransactionRow } from './transactions/row.ts';

/** The fields that an answer sets, in the order in which they were added; each number once. */
export class AnswerFields {
  readonly numbers: number[] = [];
  readonly values: FieldValue[] = [];
  /** Which numbers there are, as two words of bits: together with the row they name the shape. */
  low = 0;
  high = 0;

  /** Adds a field, or nothing for undefined. A number that is there already gets the new value. */
  add(number: number, value: FieldValue | undefined): void {
    if (value === undefined) return;
    // Field 64 takes the bit of the field 0 that does not exist.
    const bit = 1 << (number & 31);
    const isLow = number < 32 || number === 64;
    if (((isLow ? this.low : this.high) & bit) !== 0) {
      this.values[this.numbers.indexOf(number)] = value;
      return;
    }
    if (isLow) this.low |= bit;
    else this.high |= bit;
    this.numbers.push(number);
    this.values.push(value);
  }
}

interface Shape {
  low: number;
  high: number;
  approved: boolean;
  prepared: PreparedAnswer;
}

export class PreparedAnswers {
  readonly #codec: Codec;
  /** A row has a handful of shapes; they are looked through one by one. */
  readonly #shapes = new Map<TransactionRow, Shape[]>();

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** The answer's body. What cannot be encoded is our own mistake, not the sender's. */
  build(request: Message, row: TransactionRow, approved: boolean, fields: AnswerFields): Buffer {
    try {
      return this.#shapeOf(row, approved, fields)(request, fields.values);
    } catch (error) {
      throw new Error(`the answer ${row.answerType} cannot be encoded`, { cause: error });
    }
  }

  #shapeOf(row: TransactionRow, approved: boolean, fields: AnswerFields): PreparedAnswer {
    const { low, high, numbers } = fields;
    let shapes = this.#shapes.get(row);
    if (shapes === undefined) {
      shapes = [];
      this.#shapes.set(row, shapes);
    }
    for (const shape of shapes) {
      if (shape.low === low && shape.high === high && shape.approved === approved) {
        return shape.prepared;
      }
    }
    const keep = approved ? [...row.keep, ...(row.keepApproved ?? [])] : row.keep;
    const prepared = this.#codec.prepareAnswer(row.answerType, keep, numbers);
    shapes.push({ low, high, approved, prepared });
    return prepared;
  }
}
