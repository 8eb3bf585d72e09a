import { PACKED_PAIR, packedOf } from '../coding/digits.ts';
import { ebcdicOfLatin1, latin1OfEbcdic } from '../coding/ebcdic.ts';
import { type FieldPlan, PrefixKind } from './plan.ts';

const ASCII_ZERO = 0x30;

/** The count in a field's length prefix, or -1 when it is not a number. The bytes must be there. */
export function readPrefix(field: FieldPlan, bytes: Uint8Array, start: number): number {
  const { prefixBytes: width, prefixKind: kind } = field;
  if (kind === PrefixKind.bcd) {
    const first = PACKED_PAIR[bytes[start]!]!;
    if (width === 1) return first;
    const second = PACKED_PAIR[bytes[start + 1]!]!;
    return first < 0 || second < 0 ? -1 : first * 100 + second;
  }
  let count = 0;
  for (let index = 0; index < width; index++) {
    const byte = bytes[start + index]!;
    if (kind === PrefixKind.binary) {
      count = count * 256 + byte;
      continue;
    }
    const digit = (kind === PrefixKind.ascii ? byte : latin1OfEbcdic(byte)) - ASCII_ZERO;
    if (digit < 0 || digit > 9) return -1;
    count = count * 10 + digit;
  }
  return count;
}

/** Writes a field's length prefix; gives the position behind it. */
export function writePrefix(
  field: FieldPlan,
  target: Uint8Array,
  start: number,
  count: number,
): number {
  const { prefixBytes: width, prefixKind: kind } = field;
  if (kind === PrefixKind.bcd) {
    if (width === 2) target[start] = packedOf(Math.floor(count / 100));
    target[start + width - 1] = packedOf(count % 100);
    return start + width;
  }
  let left = count;
  for (let index = width - 1; index >= 0; index--) {
    if (kind === PrefixKind.binary) {
      target[start + index] = left & 0xff;
      left >>>= 8;
      continue;
    }
    const code = ASCII_ZERO + (left % 10);
    target[start + index] = kind === PrefixKind.ascii ? code : ebcdicOfLatin1(code);
    left = Math.floor(left / 10);
  }
  return start + width;
}
