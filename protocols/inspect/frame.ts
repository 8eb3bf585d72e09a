import type { KnownDialect } from '../dialects/index.ts';
import { ProtocolError } from '../error.ts';
import type { Message } from '../iso8583/message.ts';
import { cutFrame, type FramePieces, hasUsualClass } from './layout.ts';

/** Length prefix, TPDU, header and MTI. */
const LONGEST_ENVELOPE = 15;

/** A frame that was read, or as much of it as could be. */
export interface ReadFrame {
  /** Null when not even an envelope was recognised. */
  readonly pieces: FramePieces | null;
  /** The message; when `error` is there, the fields in front of the error. */
  readonly message: Message | null;
  readonly error: ProtocolError | null;
}

/**
 * Reads one frame whose layout is not known: every layout of the dialect that the bytes look like
 * is tried, and the one that explains the most wins (decodes, the length fits, nothing is left).
 */
export function readFrame(bytes: Uint8Array, known: KnownDialect): ReadFrame {
  let best: ReadFrame | null = null;
  let bestRank = -1;
  for (const layout of known.layouts) {
    const pieces = cutFrame(bytes, layout);
    if (pieces === null) continue;
    const read = readPieces(bytes, pieces, known);
    const rank = rankOf(bytes, read);
    if (rank > bestRank) {
      best = read;
      bestRank = rank;
    }
  }
  if (best !== null && best.message !== null) return best;
  const error = cutShort(bytes, known) ?? best?.error ?? noMessage(bytes, known);
  const envelope = best?.pieces?.tpdu ?? best?.pieces?.header ?? null;
  return { pieces: envelope === null ? null : best!.pieces, message: null, error };
}

function noMessage(bytes: Uint8Array, known: KnownDialect): ProtocolError {
  const text = `this is no ${known.dialect.name} message`;
  return new ProtocolError('bad-layout', text, { had: bytes.length });
}

/** Bytes that end before a message begins: the length prefix promises more than is there. */
function cutShort(bytes: Uint8Array, known: KnownDialect): ProtocolError | null {
  const { length } = known.layouts[0]!;
  if (length === null || bytes.length > LONGEST_ENVELOPE || bytes.length < 4) return null;
  const pieces = cutFrame(bytes, { id: '', length, tpdu: false, header: false });
  return pieces === null ? null : lengthError(bytes, pieces);
}

function readPieces(bytes: Uint8Array, pieces: FramePieces, known: KnownDialect): ReadFrame {
  try {
    const message = known.codec.decode(pieces.body);
    message.check();
    const error = lengthError(bytes, pieces) ?? tooLong(message, pieces);
    return { pieces, message, error };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { pieces, message: error.partial() as Message | null, error: shifted(error, pieces) };
  }
}

/** A frame whose prefix promises more than is there was cut, even if its fields are whole. */
function lengthError(bytes: Uint8Array, pieces: FramePieces): ProtocolError | null {
  const had = bytes.length - pieces.prefix.length;
  if (pieces.length === null || pieces.length <= had) return null;
  const text = `the length prefix says ${pieces.length} bytes, ${had} are there`;
  return new ProtocolError('truncated', text, { needed: pieces.length, had });
}

/** A message that goes on behind the end that its prefix says: a receiver would cut it there. */
function tooLong(message: Message, pieces: FramePieces): ProtocolError | null {
  const needed = pieces.bodyOffset - pieces.prefix.length + message.body.length;
  if (pieces.length === null || pieces.length >= needed) return null;
  const text = `the length prefix says ${pieces.length} bytes, the message has ${needed}`;
  return new ProtocolError('bad-length', text, { needed, had: pieces.length });
}

/** Decode never looks like a message by chance when class and version of the MTI are right. */
function looksLikeMessage(mti: string): boolean {
  return /^[0-2][1-9][0-5]\d$/.test(mti);
}

function rankOf(bytes: Uint8Array, { pieces, message, error }: ReadFrame): number {
  if (pieces === null || message === null || !looksLikeMessage(message.mti)) return 0;
  const lengthFits =
    pieces.length === null || pieces.length === bytes.length - pieces.prefix.length;
  const whole = error === null && message.trailing.length === 0;
  const usual = pieces.header === null || hasUsualClass(pieces.header);
  return [true, usual, lengthFits, whole, error === null].reduce(
    (rank, holds, place) => rank + (holds ? 2 ** place : 0),
    0,
  );
}

/** The same error with its offset counted from the first byte of the frame. */
function shifted(error: ProtocolError, pieces: FramePieces): ProtocolError {
  const { code, message, field, needed, had } = error;
  const partial = error.partial();
  return new ProtocolError(code, message, {
    field,
    offset: error.offset + pieces.bodyOffset,
    needed,
    had,
    ...(partial === null ? {} : { partial }),
  });
}
