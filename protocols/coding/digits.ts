/**
 * Packed decimal digits (BCD, two a byte) and hex text, by table. These run several times for
 * every message, and string building by table is several times faster than going through numbers.
 */

/** Packed byte to its two-digit value 0…99, or -1 when a nibble is not a decimal digit. */
export const PACKED_PAIR: Int16Array = new Int16Array(256).fill(-1);

const ZERO = 0x30;

/** Two upper-case hex characters of each byte. */
export const HEX_PAIR: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).toUpperCase().padStart(2, '0'),
);

const DIGITS: readonly string[] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** `0000` … `9999`: two packed bytes at once. */
const FOUR_DIGITS: readonly string[] = Array.from({ length: 10_000 }, (_, value) =>
  String(value).padStart(4, '0'),
);

/** Longer numbers are read as hex after a check. */
const LONG_DIGITS = 14;

/** Character code to the nibble it stands for (hex, either case), or -1. */
const NIBBLE: Int8Array = new Int8Array(256).fill(-1);

/** Packed byte of 0…99. */
const PACKED_OF: Uint8Array = new Uint8Array(100);

for (let value = 0; value < 100; value++) {
  const packed = Math.floor(value / 10) * 16 + (value % 10);
  PACKED_PAIR[packed] = value;
  PACKED_OF[value] = packed;
}
for (let nibble = 0; nibble < 16; nibble++) {
  const text = nibble.toString(16);
  NIBBLE[text.charCodeAt(0)] = nibble;
  NIBBLE[text.toUpperCase().charCodeAt(0)] = nibble;
}

/** Two packed bytes as four digits, undefined when a nibble is not decimal. */
export function fourDigits(first: number, second: number): string | undefined {
  const high = PACKED_PAIR[first]!;
  const low = PACKED_PAIR[second]!;
  return high < 0 || low < 0 ? undefined : FOUR_DIGITS[high * 100 + low];
}

/**
 * Reads `count` packed decimal digits that begin at the high nibble of `bytes[start]`; the last
 * nibble of an odd count is filler and not looked at. Undefined when one is not decimal.
 */
export function readPackedDigits(
  bytes: Uint8Array,
  start: number,
  count: number,
): string | undefined {
  if (count > LONG_DIGITS) return readManyDigits(bytes, start, count);
  let text = '';
  let position = start;
  let left = count;
  for (; left >= 4; left -= 4, position += 2) {
    const high = PACKED_PAIR[bytes[position]!]!;
    const low = PACKED_PAIR[bytes[position + 1]!]!;
    if (high < 0 || low < 0) return undefined;
    text += FOUR_DIGITS[high * 100 + low]!;
  }
  if (left >= 2) {
    const byte = bytes[position++]!;
    if (PACKED_PAIR[byte]! < 0) return undefined;
    text += HEX_PAIR[byte]!;
    left -= 2;
  }
  if (left === 1) {
    const nibble = bytes[position]! >> 4;
    if (nibble > 9) return undefined;
    text += DIGITS[nibble]!;
  }
  return text;
}

function readManyDigits(bytes: Uint8Array, start: number, count: number): string | undefined {
  const end = start + (count >> 1);
  for (let position = start; position < end; position++) {
    if (PACKED_PAIR[bytes[position]!]! < 0) return undefined;
  }
  const nibble = count % 2 === 0 ? 0 : bytes[end]! >> 4;
  return nibble > 9 ? undefined : readNibbles(bytes, start, count);
}

/** Reads `count` nibbles from the high one of `bytes[start]` on, as upper-case hex digits. */
export function readNibbles(bytes: Uint8Array, start: number, count: number): string {
  const end = start + (count >> 1);
  const text = readHex(bytes, start, end);
  return count % 2 === 0 ? text : text + HEX_PAIR[bytes[end]!]![0]!;
}

/** Reads `count` packed digits that end at the low nibble of the last byte (filler on the left). */
export function readPackedDigitsRight(
  bytes: Uint8Array,
  start: number,
  count: number,
): string | undefined {
  if (count % 2 === 0) return readPackedDigits(bytes, start, count);
  const nibble = bytes[start]! & 0x0f;
  if (nibble > 9) return undefined;
  const rest = readPackedDigits(bytes, start + 1, count - 1);
  return rest === undefined ? undefined : nibble + rest;
}

/** Reads packed decimal digits as a number; -1 when one is not decimal. For at most 15 digits. */
export function readPackedNumber(bytes: Uint8Array, start: number, count: number): number {
  let value = 0;
  let position = start;
  for (let left = count; left >= 2; left -= 2) {
    const pair = PACKED_PAIR[bytes[position++]!]!;
    if (pair < 0) return -1;
    value = value * 100 + pair;
  }
  if (count % 2 === 0) return value;
  const nibble = bytes[position]! >> 4;
  return nibble > 9 ? -1 : value * 10 + nibble;
}

/** Character codes of the hex digits. */
const HEX_CODES = Buffer.from('0123456789ABCDEF', 'latin1');

/** Very long values go through Buffer, which costs a call into C++ but less a byte. */
const MOST_OWN_BYTES = 64;

/** Bytes `start`…`end` as upper-case hex. */
export function readHex(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > MOST_OWN_BYTES) {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    return view.toString('hex').toUpperCase();
  }
  let text = '';
  let position = start;
  for (; position + 8 <= end; position += 8) text += hexOfEight(bytes, position);
  for (; position < end; position++) text += HEX_PAIR[bytes[position]!]!;
  return text;
}

/** Eight bytes in one call: for keys, PIN blocks and MACs, and several times faster than pairs. */
function hexOfEight(bytes: Uint8Array, at: number): string {
  const a = bytes[at]!;
  const b = bytes[at + 1]!;
  const c = bytes[at + 2]!;
  const d = bytes[at + 3]!;
  const e = bytes[at + 4]!;
  const f = bytes[at + 5]!;
  const g = bytes[at + 6]!;
  const h = bytes[at + 7]!;
  return String.fromCharCode(
    HEX_CODES[a >> 4]!,
    HEX_CODES[a & 15]!,
    HEX_CODES[b >> 4]!,
    HEX_CODES[b & 15]!,
    HEX_CODES[c >> 4]!,
    HEX_CODES[c & 15]!,
    HEX_CODES[d >> 4]!,
    HEX_CODES[d & 15]!,
    HEX_CODES[e >> 4]!,
    HEX_CODES[e & 15]!,
    HEX_CODES[f >> 4]!,
    HEX_CODES[f & 15]!,
    HEX_CODES[g >> 4]!,
    HEX_CODES[g & 15]!,
    HEX_CODES[h >> 4]!,
    HEX_CODES[h & 15]!,
  );
}

/** Writes decimal digits packed; gives the position behind, or -1 when one is not a digit. */
export function writePackedDigits(target: Uint8Array, start: number, text: string): number {
  let position = start;
  const even = text.length & ~1;
  for (let index = 0; index < even; index += 2) {
    const high = text.charCodeAt(index) - ZERO;
    const low = text.charCodeAt(index + 1) - ZERO;
    if (high < 0 || high > 9 || low < 0 || low > 9) return -1;
    target[position++] = (high << 4) | low;
  }
  if (even < text.length) {
    const high = text.charCodeAt(even) - ZERO;
    if (high < 0 || high > 9) return -1;
    target[position++] = high << 4;
  }
  return position;
}

/**
 * Writes hex digits (either case) as nibbles from the high nibble of `target[start]` on; an odd
 * count leaves 0 in the last low nibble. Gives the position behind, or -1 when one is not hex.
 */
export function writeHex(target: Uint8Array, start: number, text: string): number {
  let position = start;
  const even = text.length & ~1;
  for (let index = 0; index < even; index += 2) {
    const high = nibbleOf(text.charCodeAt(index));
    const low = nibbleOf(text.charCodeAt(index + 1));
    if (high < 0 || low < 0) return -1;
    target[position++] = (high << 4) | low;
  }
  if (even < text.length) {
    const high = nibbleOf(text.charCodeAt(even));
    if (high < 0) return -1;
    target[position++] = high << 4;
  }
  return position;
}

function nibbleOf(code: number): number {
  return code < 256 ? NIBBLE[code]! : -1;
}

/** The packed byte of a value 0…99. */
export function packedOf(value: number): number {
  return PACKED_OF[value]!;
}

/** Whether a text is an even number of hex characters. */
export function isHex(text: string): boolean {
  return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text);
}
