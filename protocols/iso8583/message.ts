import type { Explanation } from './explain.ts';

/** A field's value to encode: text as `Message.get` gives it, or the raw value bytes. */
export type FieldValue = string | Uint8Array;

/** Field number to value. */
export type FieldValues = { readonly [field: number]: FieldValue | undefined };

/** A message to encode. */
export interface MessageInput {
  readonly mti: string;
  readonly fields: FieldValues;
  /**
   * Fields as they are on the wire, length prefix and all, for what text cannot give back exactly:
   * filler that is not zero, text that is not valid in its character set. Wins over `fields`.
   */
  readonly wire?: { readonly [field: number]: Uint8Array };
}

/**
 * A decoded message. Decoding finds the offsets only; a field becomes a value when it is asked for.
 * The message keeps views of the received bytes, so the caller must not reuse that memory while
 * the message lives.
 */
export interface Message {
  /** Four digits, e.g. `0200`. */
  readonly mti: string;
  /** From the MTI to the last field: a view of what was received, trailing bytes left out. */
  readonly body: Uint8Array;
  /** Bytes behind the last field: padding of a carrier, or a sender's mistake. */
  readonly trailing: Uint8Array;
  /** Upper-case hex of the bitmap or bitmaps as received. */
  readonly bitmap: string;
  has(field: number): boolean;
  /**
   * n, z, an, ans as text; binary as upper-case hex; undefined when the field is absent.
   * Throws ProtocolError `bad-digit` when a numeric field holds something else than digits.
   */
  get(field: number): string | undefined;
  /**
   * Every value at its field number, as `get` gives it: what `encode` takes as fields. An array,
   * because filling one is several times faster than an object with numbers as keys.
   */
  values(): (string | undefined)[];
  /**
   * A fixed or variable n field as a number, at most 15 digits: amounts come out as integer fen
   * without a text in between. Undefined when absent; throws `bad-digit` like `get`.
   */
  number(field: number): number | undefined;
  /**
   * The value bytes without the length prefix: a view of what was received, or the decoded bytes
   * where the wire carries binary as hex characters.
   */
  bytes(field: number): Uint8Array | undefined;
  /** The whole field as received, length prefix and all (a view). */
  wire(field: number): Uint8Array | undefined;
  /** The numbers of the fields that are present, ascending, without the bitmap's own (1, 65). */
  fields(): number[];
  /**
   * The body without the value of the MAC field (64, 128 or 192) that ends it, or the whole body
   * when no MAC field does. A view of received bytes: a MAC is never computed over re-encoded ones.
   */
  macInput(): Uint8Array;
  /** Reads every field; throws the ProtocolError of the first that is not what its type says. */
  check(): void;
  /** The masked form: what a logger prints is safe by construction. */
  toJSON(): SafeMessage;
}

/** The masked form of a message: card number first 6 and last 4, no track, no PIN block, no keys. */
export interface SafeMessage {
  readonly mti: string;
  readonly fields: { readonly [field: string]: string };
}

/** What `compile(dialect)` gives. One codec serves any number of connections; it holds no state. */
export interface Codec {
  readonly name: string;
  /** Whether the dialect has the field. */
  defines(field: number): boolean;
  /** Reads a body (from the MTI on). Throws ProtocolError and nothing else. */
  decode(body: Uint8Array): Message;
  /**
   * Gives the body: a view of a larger buffer, to be copied before it is transferred to a thread.
   * Throws ProtocolError `bad-mti`, `bad-value` or `unknown-field`.
   */
  encode(message: MessageInput): Buffer;
  /**
   * An answer out of a request: the fields of `keep` that the request has are copied as the bytes
   * they arrived in, the fields of `set` are encoded, `set` wins over `keep`. Give 8 zero bytes for
   * the MAC field and write the MAC into the returned buffer's last 8 bytes.
   */
  answer(request: Message, mti: string, keep: readonly number[], set: FieldValues): Buffer;
  /**
   * The switch's fast path: the same, with what does not change from answer to answer worked out
   * once. `set` names the fields, each call gives their values in the same order.
   */
  prepareAnswer(mti: string, keep: readonly number[], set: readonly number[]): PreparedAnswer;
  /** One entry a field, in order, for people: masked, with names and meanings. */
  explain(message: Message): Explanation;
}

/** Builds an answer; see Codec.prepareAnswer. */
export type PreparedAnswer = (request: Message, values: readonly FieldValue[]) => Buffer;
