import iconv from 'iconv-lite';

/**
 * Single-byte text is read byte for byte as latin1: every byte becomes a character and comes back
 * as the same byte. Chinese text is GBK (code page 936).
 */

/** Longer values go through Buffer, which costs a call into C++ but is faster per byte. */
const SHORT_TEXT = 24;

/** Bytes `start`…`end` as latin1 text. */
export function readLatin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_TEXT) return viewOf(bytes, start, end).toString('latin1');
  let text = '';
  for (let position = start; position < end; position++) {
    text += String.fromCharCode(bytes[position]!);
  }
  return text;
}

const SLOTS = 4096;
/** Values up to this length are interned; each slot keeps the bytes of its text for the comparison. */
const SLOT_BYTES = 16;
/** The last bytes of a number differ most. */
const HASHED_BYTES = 8;
const slotTexts: string[] = new Array<string>(SLOTS).fill('');
const slotBytes = new Uint8Array(SLOTS * SLOT_BYTES);

/**
 * Like readLatin1, but gives the same string object for the same bytes as long as its slot is not
 * taken by another value. Terminal and merchant numbers come again and again: finding one costs
 * less than building it, and maps find an already hashed string faster. Not for card data, because
 * an interned value stays in memory.
 */
export function readInterned(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > SLOT_BYTES) return readLatin1(bytes, start, end);
  let hash = length;
  for (let position = Math.max(start, end - HASHED_BYTES); position < end; position++) {
    hash = (Math.imul(hash, 31) + bytes[position]!) | 0;
  }
  const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
  const text = slotTexts[slot]!;
  const kept = slot * SLOT_BYTES;
  let same = 0;
  while (same < length && slotBytes[kept + same] === bytes[start + same]) same++;
  return same === length && text.length === length ? text : intern(slot, bytes, start, end);
}

function intern(slot: number, bytes: Uint8Array, start: number, end: number): string {
  const text = viewOf(bytes, start, end).toString('latin1');
  slotTexts[slot] = text;
  for (let index = 0; index < text.length; index++) {
    slotBytes[slot * SLOT_BYTES + index] = bytes[start + index]!;
  }
  return text;
}

/** GBK bytes `start`…`end` as text; bytes that are not GBK become U+FFFD. */
export function readGbk(bytes: Uint8Array, start: number, end: number): string {
  for (let position = start; position < end; position++) {
    if (bytes[position]! >= 0x80) return iconv.decode(viewOf(bytes, start, end), 'gbk');
  }
  return readLatin1(bytes, start, end);
}

/** Text as GBK bytes; undefined when a character has no GBK form. */
export function encodeGbk(text: string): Buffer | undefined {
  const bytes = iconv.encode(text, 'gbk');
  return iconv.decode(bytes, 'gbk') === text ? bytes : undefined;
}

/**
 * The longest beginning of a GBK byte sequence, at most `limit` bytes, that does not cut a
 * two-byte character in half.
 */
export function gbkCut(bytes: Uint8Array, limit: number): number {
  const end = Math.min(limit, bytes.length);
  let position = 0;
  while (position < end) {
    const width = bytes[position]! >= 0x81 && bytes[position]! <= 0xfe ? 2 : 1;
    if (position + width > end) break;
    position += width;
  }
  return position;
}

/** A Buffer over the same memory. */
export function viewOf(bytes: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}
