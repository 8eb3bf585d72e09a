import { HEADER_BYTES, hasLri, LRI_BYTES, TPDU_BYTES } from '../framing/envelope.ts';
import type { Framing } from '../framing/framing.ts';
import { lengthAt, prefixBytesOf } from '../framing/length-prefix.ts';

/** One way to wrap a message on paper or in a log, e.g. `len2+tpdu5+header6+body`. */
export interface FrameLayout {
  readonly id: string;
  /** Null when the bytes begin without a length prefix. */
  readonly length: Framing['length'] | null;
  readonly tpdu: boolean;
  readonly header: boolean;
}

const layout = (
  id: string,
  length: FrameLayout['length'],
  tpdu: boolean,
  header: boolean,
): FrameLayout => ({ id, length, tpdu, header });

/** How UnionPay terminal messages turn up, the usual ones first. */
export const TERMINAL_LAYOUTS: readonly FrameLayout[] = [
  layout('len2+tpdu5+header6+body', '2-byte-binary', true, true),
  layout('tpdu5+header6+body', null, true, true),
  layout('body', null, false, false),
  layout('len2+tpdu5+body', '2-byte-binary', true, false),
  layout('tpdu5+body', null, true, false),
  layout('len2+body', '2-byte-binary', false, false),
  layout('len2+header6+body', '2-byte-binary', false, true),
  layout('header6+body', null, false, true),
];

/** How bank hosts' messages turn up. */
export const HOST_LAYOUTS: readonly FrameLayout[] = [
  layout('len4+body', '4-byte-ascii', false, false),
  layout('len2+body', '2-byte-binary', false, false),
  layout('len2bcd+body', '2-byte-bcd', false, false),
  layout('body', null, false, false),
  layout('len2+tpdu5+body', '2-byte-binary', true, false),
  layout('tpdu5+body', null, true, false),
];

/** The pieces of a frame as one layout sees them; views, null where the layout has no such piece. */
export interface FramePieces {
  readonly layout: string;
  /** What the length prefix says. */
  readonly length: number | null;
  readonly prefix: Uint8Array;
  readonly tpdu: Uint8Array | null;
  readonly lri: Uint8Array | null;
  readonly header: Uint8Array | null;
  readonly body: Uint8Array;
  readonly bodyOffset: number;
}

/** First byte of a TPDU. */
const TPDU_ID = 0x60;

/** Application classes that a message header begins with. */
const HEADER_CLASSES = [0x60, 0x61, 0x62, 0x63];

/** Whether a header begins with an application class that there is. */
export function hasUsualClass(header: Uint8Array): boolean {
  return HEADER_CLASSES.includes(header[0]!);
}

/** Behind a TPDU a header may hold any digits, e.g. zeros only; elsewhere its class must be known. */
function mayBeHeader(header: Uint8Array, behindTpdu: boolean): boolean {
  if (hasUsualClass(header)) return true;
  return behindTpdu && header.every((byte) => byte >> 4 <= 9 && (byte & 0x0f) <= 9);
}

/** Cuts a frame by a layout; null when the bytes do not look like it. */
export function cutFrame(bytes: Uint8Array, candidate: FrameLayout): FramePieces | null {
  const prefixBytes = candidate.length === null ? 0 : prefixBytesFor(candidate.length);
  let length: number | null = null;
  if (candidate.length !== null) {
    if (bytes.length < prefixBytes) return null;
    length = lengthAt(framingOf(candidate.length), bytes, 0);
    if (length < 0) return null;
  }
  let position = prefixBytes;
  const next = (count: number): Uint8Array => {
    position += count;
    return bytes.subarray(position - count, position);
  };
  let tpdu: Uint8Array | null = null;
  let lri: Uint8Array | null = null;
  let header: Uint8Array | null = null;
  if (candidate.tpdu) {
    tpdu = next(TPDU_BYTES);
    if (tpdu.length < TPDU_BYTES || tpdu[0] !== TPDU_ID) return null;
    if (hasLri(bytes, position) && bytes.length >= position + LRI_BYTES) lri = next(LRI_BYTES);
  }
  if (candidate.header) {
    header = next(HEADER_BYTES);
    if (header.length < HEADER_BYTES || !mayBeHeader(header, candidate.tpdu)) return null;
  }
  const id = lri === null ? candidate.id : candidate.id.replace('tpdu5', 'tpdu5+lri33');
  const prefix = bytes.subarray(0, prefixBytes);
  const body = bytes.subarray(position);
  return { layout: id, length, prefix, tpdu, lri, header, body, bodyOffset: position };
}

function framingOf(length: Framing['length']): Framing {
  return { length, tpdu: false, header: false, minBytes: 0, maxBytes: 0 };
}

function prefixBytesFor(length: Framing['length']): number {
  return prefixBytesOf(framingOf(length));
}
