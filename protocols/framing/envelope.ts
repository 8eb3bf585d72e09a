import { ProtocolError } from '../error.ts';
import type { Framing } from './framing.ts';
import { prefixBytesOf, writeLength } from './length-prefix.ts';

export const TPDU_BYTES = 5;
export const HEADER_BYTES = 6;

/** Dial-up record behind the TPDU: `LRI`, the length 28, and 28 bytes of line information. */
export const LRI_BYTES = 33;
const LRI_START = [0x4c, 0x52, 0x49, 0x00, 0x1c] as const;

const NOTHING = new Uint8Array(0);

/** What stands around a message. All are views of the frame, empty when the framing has none. */
export interface Envelope {
  readonly tpdu: Uint8Array;
  readonly lri: Uint8Array;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

/** Splits a frame (without its length prefix). Throws ProtocolError `truncated`. */
export function splitEnvelope(frame: Uint8Array, framing: Framing): Envelope {
  let position = 0;
  const next = (bytes: number, what: string): Uint8Array => {
    const had = frame.length - position;
    if (had < bytes) {
      throw new ProtocolError('truncated', `${what} needs ${bytes} bytes, ${had} are left`, {
        offset: position,
        needed: bytes,
        had,
      });
    }
    position += bytes;
    return frame.subarray(position - bytes, position);
  };
  const tpdu = framing.tpdu ? next(TPDU_BYTES, 'the TPDU') : NOTHING;
  const lri = framing.tpdu && hasLri(frame, position) ? next(LRI_BYTES, 'the LRI') : NOTHING;
  const header = framing.header ? next(HEADER_BYTES, 'the message header') : NOTHING;
  return { tpdu, lri, header, body: frame.subarray(position) };
}

/** Whether a dial-up record stands at `start`. */
export function hasLri(frame: Uint8Array, start: number): boolean {
  return LRI_START.every((byte, index) => frame[start + index] === byte);
}

/** Puts a message into its envelope, length prefix included, in one new buffer. */
export function joinEnvelope(
  framing: Framing,
  tpdu: Uint8Array,
  header: Uint8Array,
  body: Uint8Array,
): Buffer {
  const length = tpdu.length + header.length + body.length;
  if (length < framing.minBytes || length > framing.maxBytes) {
    throw new ProtocolError('bad-length', `a frame of ${length} bytes is out of bounds`, {
      needed: length,
    });
  }
  const prefixBytes = prefixBytesOf(framing);
  const frame = Buffer.allocUnsafe(prefixBytes + length);
  writeLength(framing, frame, length);
  frame.set(tpdu, prefixBytes);
  frame.set(header, prefixBytes + tpdu.length);
  frame.set(body, prefixBytes + tpdu.length + header.length);
  return frame;
}

/** How an answer's TPDU comes from the request's: addresses swapped, the same, or a fixed one. */
export type TpduReply = 'swap' | 'echo' | { readonly fixed: string };

/** The TPDU of an answer: `60 0006 1100` becomes `60 1100 0006` with `swap`. */
export function replyTpdu(tpdu: Uint8Array, reply: TpduReply): Uint8Array {
  if (typeof reply === 'object') return Buffer.from(reply.fixed, 'hex');
  if (reply === 'echo' || tpdu.length !== TPDU_BYTES) return tpdu;
  return Uint8Array.of(tpdu[0]!, tpdu[3]!, tpdu[4]!, tpdu[1]!, tpdu[2]!);
}
