/** The length prefix of frames: its size, reading and writing it. */
import { PACKED_PAIR, packedOf } from '../coding/digits.ts';
import { ProtocolError } from '../error.ts';
import type { Framing } from './framing.ts';

const ASCII_ZERO = 0x30;

/** Bytes of the length prefix. */
export function prefixBytesOf(framing: Framing): number {
  if (typeof framing.length === 'object') return 0;
  return framing.length === '4-byte-ascii' ? 4 : 2;
}

/** The length that stands at `start`, -1 when it is not a number; the fixed size without a prefix. */
export function lengthAt(framing: Framing, bytes: Uint8Array, start: number): number {
  if (typeof framing.length === 'object') return framing.length.fixed;
  if (framing.length === '2-byte-binary') return (bytes[start]! << 8) | bytes[start + 1]!;
  if (framing.length === '2-byte-bcd') {
    const high = PACKED_PAIR[bytes[start]!]!;
    const low = PACKED_PAIR[bytes[start + 1]!]!;
    return high < 0 || low < 0 ? -1 : high * 100 + low;
  }
  let length = 0;
  for (let index = 0; index < 4; index++) {
    const digit = bytes[start + index]! - ASCII_ZERO;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}

/** Writes the prefix of a frame of so many bytes at its start. Throws ProtocolError `bad-length` when it does not fit. */
export function writeLength(framing: Framing, frame: Buffer, length: number): void {
  if (typeof framing.length === 'object') {
    if (framing.length.fixed === length) return;
    throw new ProtocolError('bad-length', `frames here have ${framing.length.fixed} bytes`, {
      needed: framing.length.fixed,
      had: length,
    });
  }
  const most = framing.length === '2-byte-binary' ? 65_535 : 9999;
  if (length > most) {
    throw new ProtocolError('bad-length', `${length} bytes do not fit the length prefix`, {
      needed: length,
    });
  }
  if (framing.length === '2-byte-binary') {
    frame.writeUInt16BE(length, 0);
  } else if (framing.length === '2-byte-bcd') {
    frame[0] = packedOf(Math.floor(length / 100));
    frame[1] = packedOf(length % 100);
  } else {
    frame.write(String(length).padStart(4, '0'), 0, 'latin1');
  }
}
