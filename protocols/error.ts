/** What can be wrong with bytes from outside, with a message to encode, or with a dialect's table. */
export type ProtocolErrorCode =
  /** The input ends before the element does. */
  | 'truncated'
  /** A length prefix is not a number, or larger than its element or frame may be. */
  | 'bad-length'
  /** The message type is not four digits. */
  | 'bad-mti'
  /** The bitmap is malformed or asks for a bitmap that the dialect does not have. */
  | 'bad-bitmap'
  /** The bitmap or the caller names a field that the dialect does not define. */
  | 'unknown-field'
  /** A digit position holds something else. */
  | 'bad-digit'
  /** A value that was given for encoding does not fit its element. */
  | 'bad-value'
  /** BER-TLV that does not parse. */
  | 'bad-tlv'
  /** A card command or answer that does not parse. */
  | 'bad-apdu'
  /** The bytes match none of the known ways to wrap a message. */
  | 'bad-layout'
  /** A record, its header or trailer, or its control totals are wrong. */
  | 'bad-record'
  /** The dialect's or layout's table contradicts itself. */
  | 'bad-dialect';

/** Details of a ProtocolError. What is not known stays out. */
export interface ProtocolErrorDetails {
  /** The data element (or part) that was being read, null outside of the elements. */
  field?: number | null;
  /** Byte offset in the input that was being read. */
  offset?: number;
  /** Bytes that the element needed and that were left. */
  needed?: number;
  had?: number;
  /** Line of a file, counted from 1. */
  line?: number;
  /** What was read before the error: an object whose toJSON gives the masked form. */
  partial?: { toJSON(): unknown };
}

/**
 * The one error of this folder. Everything that bytes from outside can cause ends here, so that a
 * caller needs one `catch` and can answer by `code`. The text never holds a value from the input.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: ProtocolErrorCode;
  readonly field: number | null;
  readonly offset: number;
  readonly needed: number;
  readonly had: number;
  readonly line: number | null;
  /** Kept off the enumerable properties: printing an error never prints a message unmasked. */
  readonly #partial: { toJSON(): unknown } | null;

  constructor(code: ProtocolErrorCode, message: string, details: ProtocolErrorDetails = {}) {
    super(message);
    this.code = code;
    this.field = details.field ?? null;
    this.offset = details.offset ?? 0;
    this.needed = details.needed ?? 0;
    this.had = details.had ?? 0;
    this.line = details.line ?? null;
    this.#partial = details.partial ?? null;
  }

  /** The masked form of what was read before the error, null when nothing was. */
  get decoded(): unknown {
    return this.#partial === null ? null : this.#partial.toJSON();
  }

  /** What was read before the error, with unmasked access to its fields, for tools. */
  partial(): { toJSON(): unknown } | null {
    return this.#partial;
  }

  toJSON(): Record<string, unknown> {
    const { code, field, offset, needed, had, line, message } = this;
    return { code, field, offset, needed, had, ...(line === null ? {} : { line }), message };
  }
}
