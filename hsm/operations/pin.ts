import { randomBytes } from 'node:crypto';
import { asBuffer, equalInConstantTime, requireThat, xor } from '../bytes.ts';
import { HsmError } from '../errors.ts';
import { requireAlgorithm } from '../purposes.ts';
import type { ClearPin, PinFormat } from '../types.ts';
import type { CipherKey } from '../vault.ts';
import { cmac } from './mac.ts';

/**
 * ISO 9564 PIN blocks. Clear blocks live in one buffer for the length of a call and are wiped; a
 * PIN that was opened is handled as a buffer of digits, because strings cannot be wiped.
 */

/** Encrypts a PIN that a person typed. `fill` replaces the random part, for published examples only. */
export function encryptPinBlock(key: CipherKey, pin: ClearPin, fill?: Uint8Array): Buffer {
  return encryptDigits(key, pinDigits(pin.pin), pin.format, pin.pan, fill);
}

/** The digits of a PIN as numbers; throws `bad_input`, without the PIN, for anything else. */
export function pinDigits(pin: string): Buffer {
  requireThat(/^\d{4,12}$/.test(pin), 'a PIN has 4 to 12 digits');
  const digits = Buffer.from(pin, 'latin1');
  for (let i = 0; i < digits.length; i++) digits[i]! -= 0x30;
  return digits;
}

/** Decrypts a block and hands its digits to `use`; wipes block and digits. */
export function withPinDigits<T>(
  key: CipherKey,
  format: PinFormat,
  block: Uint8Array,
  pan: string,
  use: (digits: Buffer) => T,
): T {
  const digits = decryptDigits(key, format, block, pan);
  try {
    return use(digits);
  } finally {
    digits.fill(0);
  }
}

export function encryptDigits(
  key: CipherKey,
  digits: Uint8Array,
  format: PinFormat,
  pan: string,
  fill?: Uint8Array,
): Buffer {
  requireFormat(key, format);
  const clear = clearBlock(digits, format, pan, key.blockBytes, fill);
  try {
    if (format !== 4) return key.encryptEcb(clear);
    const first = key.encryptEcb(clear);
    return key.encryptEcb(xor(first, panField4(pan)));
  } finally {
    clear.fill(0);
    digits.fill(0);
  }
}

/** The block before encryption, as calculators show it. Format 4: the PIN field. */
export function clearBlock(
  digits: Uint8Array,
  format: PinFormat,
  pan: string,
  blockBytes: 8 | 16,
  fill: Uint8Array | undefined,
): Buffer {
  requireThat(
    format === 0 || format === 1 || format === 3 || format === 4,
    'PIN block formats are 0, 1, 3 and 4',
  );
  if (fill !== undefined) requireFill(format, fill);
  const block = Buffer.alloc(blockBytes, 0xff);
  const random = format === 0 ? NO_FILL : (fill ?? randomFill(format));
  setNibble(block, 0, format);
  setNibble(block, 1, digits.length);
  for (let i = 0; i < digits.length; i++) setNibble(block, 2 + i, digits[i]!);
  for (let at = 2 + digits.length, i = 0; at < 16; at++, i++) {
    setNibble(block, at, format === 4 ? FORMAT_4_FILL : nibbleOf(random, i));
  }
  if (format === 4) block.set(random, FILL_BYTES);
  if (format === 0 || format === 3) xorPan(block, pan);
  return block;
}

const FORMAT_4_FILL = 0xa;
const FILL_BYTES = 8;
/** Format 0 fills with F. */
const NO_FILL = Buffer.alloc(FILL_BYTES, 0xff);

function setNibble(bytes: Uint8Array, at: number, nibble: number): void {
  const byte = bytes[at >> 1]!;
  bytes[at >> 1] = (at & 1) === 0 ? (nibble << 4) | (byte & 0xf) : (byte & 0xf0) | nibble;
}

function nibbleOf(bytes: Uint8Array, at: number): number {
  const byte = bytes[at >> 1]!;
  return (at & 1) === 0 ? byte >> 4 : byte & 0xf;
}

/** What stands in for the random part has to be what chance could have given. */
function requireFill(format: PinFormat, fill: Uint8Array): void {
  requireThat(format !== 0, 'format 0 fills with F and has no random part');
  requireThat(
    fill.length === FILL_BYTES,
    `the random part has ${FILL_BYTES} bytes, not ${fill.length}`,
  );
  const isRight = fill.every((byte) => fillIsRight(3, byte >> 4) && fillIsRight(3, byte & 0xf));
  requireThat(format !== 3 || isRight, 'format 3 fills with the digits A to F');
}

/** Eight random bytes; format 3 wants its half-bytes to be A to F. */
function randomFill(format: PinFormat): Buffer {
  if (format !== 3) return randomBytes(FILL_BYTES);
  const letters = Array.from(
    randomBytes(2 * FILL_BYTES),
    (byte) => 0xa + Math.floor((byte * 6) / 256),
  );
  return fromNibbles(letters);
}

function decryptDigits(key: CipherKey, format: PinFormat, block: Uint8Array, pan: string): Buffer {
  requireFormat(key, format);
  requireThat(block.length === key.blockBytes, `a PIN block has ${key.blockBytes} bytes here`);
  let clear = key.decryptEcb(block);
  if (format === 4) {
    const masked = xor(clear, panField4(pan));
    clear = key.decryptEcb(masked);
  } else if (format !== 1) {
    xorPan(clear, pan);
  }
  try {
    return digitsOf(clear, format);
  } finally {
    clear.fill(0);
  }
}

function digitsOf(clear: Buffer, format: PinFormat): Buffer {
  const length = nibbleOf(clear, 1);
  let right = nibbleOf(clear, 0) === format && length >= 4 && length <= 12;
  const digits = Buffer.alloc(right ? length : 0);
  for (let at = 2; at < 16; at++) {
    const nibble = nibbleOf(clear, at);
    const isDigit = at < 2 + digits.length;
    if (isDigit) digits[at - 2] = nibble;
    right &&= isDigit ? nibble <= 9 : fillIsRight(format, nibble);
  }
  if (format !== 4) right &&= clear.subarray(8).every((byte) => byte === 0xff);
  if (right) return digits;
  digits.fill(0);
  throw new HsmError('bad_pin_block', `the PIN block does not open to a format ${format} block`);
}

function fillIsRight(format: PinFormat, nibble: number): boolean {
  switch (format) {
    case 0:
      return nibble === 0xf;
    case 1:
      return true;
    case 3:
      return nibble >= 0xa;
    case 4:
      return nibble === FORMAT_4_FILL;
  }
}

/** Xors 0000 and the 12 digits left of the check digit into the last 8 bytes of the block. */
function xorPan(block: Buffer, pan: string): void {
  requirePan(pan);
  const digits = Math.min(12, pan.length - 1);
  for (let i = 0; i < digits; i++) {
    const digit = pan.charCodeAt(pan.length - 2 - i) - 0x30;
    block[block.length - 1 - (i >> 1)]! ^= (i & 1) === 0 ? digit : digit << 4;
  }
}

/** Format 4: how many digits the PAN has beyond 12, the PAN, zeros. */
function panField4(pan: string): Buffer {
  requirePan(pan);
  const digits = pan.padStart(12, '0');
  return Buffer.from(`${digits.length - 12}${digits}`.padEnd(32, '0'), 'hex');
}

function requirePan(pan: string): void {
  requireThat(/^\d{8,19}$/.test(pan), 'a PAN has 8 to 19 digits');
}

function requireFormat(key: CipherKey, format: PinFormat): void {
  if (format === 4) requireAlgorithm(key, 'aes');
  else requireAlgorithm(key, 'des', '3des', 'sm4');
}

function fromNibbles(nibbles: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(nibbles.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (nibbles[2 * i]! << 4) | nibbles[2 * i + 1]!;
  }
  return bytes;
}

/**
 * What a PIN is compared with: a CMAC over PAN and PIN under a key of its own. It cannot be turned
 * back, and the same PIN on two cards gives two references.
 */
export function pinReferenceOf(key: CipherKey, pan: string, digits: Uint8Array): Buffer {
  requirePan(pan);
  const input = Buffer.concat([
    Buffer.from(`posp pin reference ${pan} `, 'latin1'),
    Buffer.from([digits.length]),
    digits,
  ]);
  try {
    return cmac(key, input);
  } finally {
    input.fill(0);
  }
}

export function referenceMatches(expected: Uint8Array, actual: Uint8Array): boolean {
  return equalInConstantTime(asBuffer(expected), asBuffer(actual));
}
