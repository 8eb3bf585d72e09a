/**
 * Answers of one listener, prepared: what an answer keeps and which fields it sets is worked out the
 * first time that it occurs, then building one is copying and writing.
 */
import type {
  Codec,
  FieldValue,
  FieldValues,
  Message,
  PreparedAnswer,
} from '../protocols/iso8583/message.ts';

export class PreparedAnswers {
  readonly #codec: Codec;
  readonly #known = new Map<string, PreparedAnswer>();

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** The answer's body. What cannot be encoded is our own mistake, not the sender's. */
  build(request: Message, messageType: string, keep: readonly number[], set: FieldValues): Buffer {
    const numbers: number[] = [];
    const values: FieldValue[] = [];
    for (const field in set) {
      const value = set[field];
      if (value === undefined) continue;
      numbers.push(Number(field));
      values.push(value);
    }
    const name = `${messageType} ${keep} ${numbers}`;
    try {
      let prepared = this.#known.get(name);
      if (prepared === undefined) {
        prepared = this.#codec.prepareAnswer(messageType, keep, numbers);
        this.#known.set(name, prepared);
      }
      return prepared(request, values);
    } catch (error) {
      throw new Error(`the answer ${messageType} cannot be encoded`, { cause: error });
    }
  }
}
