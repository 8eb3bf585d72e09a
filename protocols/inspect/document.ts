import { isHex } from '../coding/digits.ts';
import { readEbcdic } from '../coding/ebcdic.ts';
import { readLatin1 } from '../coding/text.ts';
import type { KnownDialect } from '../dialects/index.ts';
import { ProtocolError, type ProtocolErrorCode } from '../error.ts';
import { HEADER_BYTES, joinEnvelope, LRI_BYTES, TPDU_BYTES } from '../framing/envelope.ts';
import type { Framing } from '../framing/framing.ts';
import { prefixBytesOf } from '../framing/length-prefix.ts';
import type { Message } from '../iso8583/message.ts';
import type { ReadFrame } from './frame.ts';
import type { FrameLayout } from './layout.ts';

/**
 * A frame as a JSON document: what `posp decode` prints and `posp encode` takes. `documentOf` and
 * `frameOf` are inverse for every frame that decodes, byte for byte.
 */
export interface FrameDocument {
  readonly layout: string;
  readonly tpdu: string | null;
  readonly header: string | null;
  readonly mti: string;
  readonly bitmap: string;
  /** Text and digits as text, binary as upper-case hex. */
  readonly fields: { readonly [field: string]: string };
  readonly trailingBytes: number;
  /** What stands behind the last field, when something does. */
  readonly trailing?: string;
  /** Fields whose text cannot give their bytes back (odd filler, broken characters), with prefix. */
  readonly raw?: { readonly [field: string]: string };
  /** The length prefix, when it is not the number of bytes behind it. */
  readonly length?: number;
  /** Dial-up record behind the TPDU. */
  readonly lri?: string;
  /** MTI and bitmaps as received, when encoding would write others (a hex bitmap in lower case). */
  readonly head?: string;
}

/** What could be read of a frame that ends, or is wrong, before its first field. */
export function envelopeOf(
  { pieces }: ReadFrame,
  { dialect }: KnownDialect,
): Partial<FrameDocument> {
  if (pieces === null) return { fields: {} };
  const { layout, tpdu, header, body } = pieces;
  const mti = messageTypeOf(body, dialect.mti.encoding);
  return {
    layout,
    tpdu: tpdu === null ? null : hexOf(tpdu),
    header: header === null ? null : hexOf(header),
    ...(/^\d{4}$/.test(mti) ? { mti } : {}),
    fields: {},
  };
}

function messageTypeOf(body: Uint8Array, encoding: 'bcd' | 'ascii' | 'ebcdic'): string {
  if (encoding === 'bcd') return hexOf(body.subarray(0, 2));
  const end = Math.min(4, body.length);
  return encoding === 'ascii' ? readLatin1(body, 0, end) : readEbcdic(body, 0, end);
}

/** The document of a frame that was read, also of a part of one; null when no message was. */
export function documentOf(read: ReadFrame, known: KnownDialect): FrameDocument | null {
  const { pieces, message } = read;
  if (pieces === null || message === null) return null;
  const fields: Record<string, string> = {};
  const raw: Record<string, string> = {};
  for (const field of message.fields()) {
    const text = textOf(message, field);
    if (text !== undefined) fields[field] = text;
    const wire = message.wire(field)!;
    if (text === undefined || !sameBytes(wire, known, field, text)) raw[field] = hexOf(wire);
  }
  const counted = pieces.body.length + pieces.bodyOffset - pieces.prefix.length;
  const head = read.error === null ? headOf(message, known) : null;
  return {
    layout: pieces.layout,
    tpdu: pieces.tpdu === null ? null : hexOf(pieces.tpdu),
    header: pieces.header === null ? null : hexOf(pieces.header),
    mti: message.mti,
    bitmap: message.bitmap,
    fields,
    trailingBytes: message.trailing.length,
    ...(message.trailing.length === 0 ? {} : { trailing: hexOf(message.trailing) }),
    ...(Object.keys(raw).length === 0 ? {} : { raw }),
    ...(pieces.length === null || pieces.length === counted ? {} : { length: pieces.length }),
    ...(pieces.lri === null ? {} : { lri: hexOf(pieces.lri) }),
    ...(head === null ? {} : { head }),
  };
}

/** The wire bytes of MTI and bitmaps when encoding would write others, else null. */
function headOf(message: Message, known: KnownDialect): string | null {
  const received = message.body.subarray(0, headBytes(message));
  const encoded = known.codec.encode({ mti: message.mti, fields: {}, wire: wiresOf(message) });
  const same = encoded.length === message.body.length && encoded.indexOf(received) === 0;
  return same ? null : hexOf(received);
}

/** Bytes in front of the first field. */
function headBytes(message: Message): number {
  const first = message.fields()[0];
  if (first === undefined) return message.body.length;
  return message.wire(first)!.byteOffset - message.body.byteOffset;
}

function wiresOf(message: Message): Record<number, Uint8Array> {
  return Object.fromEntries(message.fields().map((field) => [field, message.wire(field)!]));
}

function textOf(message: Message, field: number): string | undefined {
  try {
    return message.get(field);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function sameBytes(wire: Uint8Array, known: KnownDialect, field: number, text: string): boolean {
  try {
    const encoded = known.codec.encode({ mti: '0000', fields: { [field]: text } });
    return Buffer.compare(encoded.subarray(encoded.length - wire.length), wire) === 0;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

/**
 * The bytes of a document. Throws ProtocolError `bad-value`, `bad-bitmap`, `bad-layout`,
 * `unknown-field` or `bad-mti`. What the document says twice (the fields, the bitmap; the layout, its parts) must agree.
 */
export function frameOf(document: FrameDocument, known: KnownDialect): Buffer {
  const wire: Record<number, Uint8Array> = {};
  for (const [field, hex] of Object.entries(document.raw ?? {})) {
    checkField(field, known);
    wire[Number(field)] = bytesOf(hex, `raw ${field}`);
  }
  const { mti, fields } = document;
  if (typeof mti !== 'string') fail('bad-mti', 'mti is missing');
  if (typeof fields !== 'object' || fields === null) fail('bad-value', 'fields are missing');
  for (const [field, value] of Object.entries(fields)) {
    checkField(field, known);
    if (typeof value !== 'string') fail('bad-value', `field ${field} is not a text`);
  }
  let encoded: Uint8Array = known.codec.encode({ mti, fields, wire });
  if (document.head !== undefined) {
    const behind = encoded.subarray(headBytes(known.codec.decode(encoded)));
    encoded = Buffer.concat([bytesOf(document.head, 'head'), behind]);
  }
  checkHead(document, { ...fields, ...wire }, encoded, known);
  const body = Buffer.concat([encoded, bytesOf(document.trailing ?? '', 'trailing')]);
  return wrap(document, body, known.layouts);
}

/** A name that reads as a number in another way (`02`, `4.0`) is no field's. */
function checkField(field: string, { codec }: KnownDialect): void {
  if (/^[1-9]\d*$/.test(field) && codec.defines(Number(field))) return;
  fail('unknown-field', `field ${field} is not defined`);
}

/** The message type and the bitmap that a document gives besides its fields must be theirs. */
function checkHead(
  { mti, bitmap, head }: FrameDocument,
  given: object,
  encoded: Uint8Array,
  known: KnownDialect,
): void {
  if (bitmap === undefined && head === undefined) return;
  const message = known.codec.decode(encoded);
  const numbers = Object.keys(given).map(Number);
  const same =
    message.mti === mti &&
    message.trailing.length === 0 &&
    message.fields().length === numbers.length &&
    numbers.every((number) => message.has(number));
  if (!same) fail('bad-bitmap', 'head and fields contradict each other');
  if (bitmap === undefined || `${bitmap}`.toUpperCase() === message.bitmap) return;
  fail('bad-bitmap', `the bitmap of these fields is ${message.bitmap}, not ${bitmap}`);
}

function wrap(document: FrameDocument, body: Buffer, layouts: readonly FrameLayout[]): Buffer {
  const id = (document.layout ?? 'body').replace('+lri33', '');
  const layout = layouts.find((candidate) => candidate.id === id);
  if (layout === undefined) fail('bad-layout', `there is no layout ${id}`);
  const hasLri = document.layout?.includes('+lri33') === true;
  const tpdu = partOf('tpdu', document.tpdu, layout.tpdu ? TPDU_BYTES : 0, id);
  const lri = partOf('lri', document.lri, hasLri ? LRI_BYTES : 0, id);
  const header = partOf('header', document.header, layout.header ? HEADER_BYTES : 0, id);
  const before = Buffer.concat([tpdu, lri]);
  if (layout.length === null && document.length !== undefined) {
    fail('bad-layout', `layout ${id} has no length`);
  }
  if (layout.length === null) return Buffer.concat([before, header, body]);
  const framing: Framing = {
    length: layout.length,
    tpdu: layout.tpdu,
    header: layout.header,
    minBytes: 0,
    maxBytes: 65_535,
  };
  const frame = joinEnvelope(framing, before, header, body);
  if (document.length === undefined) return frame;
  const said = joinEnvelope(
    framing,
    Buffer.alloc(0),
    Buffer.alloc(0),
    Buffer.alloc(document.length),
  );
  const prefixBytes = prefixBytesOf(framing);
  said.copy(frame, 0, 0, prefixBytes);
  return frame;
}

/** A part of the envelope: it must be there, and as long as it is, exactly where the layout has it. */
function partOf(
  name: string,
  hex: string | null | undefined,
  wanted: number,
  layout: string,
): Buffer {
  const bytes = bytesOf(hex ?? '', name);
  if (bytes.length === wanted) return bytes;
  if (wanted === 0) fail('bad-layout', `layout ${layout} has no ${name}`);
  const given = bytes.length === 0 ? 'it is missing' : `${bytes.length} are given`;
  return fail('bad-layout', `layout ${layout} has a ${name} of ${wanted} bytes, ${given}`);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').toUpperCase();
}

function bytesOf(hex: string, what: string): Buffer {
  if (typeof hex !== 'string' || !isHex(hex)) fail('bad-value', `${what} is not hex`);
  return Buffer.from(hex, 'hex');
}

function fail(code: ProtocolErrorCode, reason: string): never {
  throw new ProtocolError(code, reason);
}
