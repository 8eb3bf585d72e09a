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
  fill: Uint8Array = randomFill(format),
): Buffer {
  const control = { 0: 0, 1: 1, 3: 3, 4: 4 }[format];
  requireThat(control !== undefined, 'PIN block formats are 0, 1, 3 and 4');
  const nibbles = [control, digits.length, ...digits];
  const fillNibbles = toNibbles(fill);
  for (let i = 0; nibbles.length < 16; i++)
    nibbles.push(fillNibble(format, fillNibbles[i % fillNibbles.length]!));
  if (blockBytes === 8) {
    const block = fromNibbles(nibbles);
    if (format === 1) return block;
    const clear = xor(block, panField12(pan, 8));
    block.fill(0);
    return clear;
  }
  if (format === 4) {
    return Buffer.concat([fromNibbles(nibbles), fill.subarray(0, 8)]);
  }
  const block = Buffer.concat([fromNibbles(nibbles), Buffer.alloc(8, 0xff)]);
  return format === 1 ? block : xor(block, panField12(pan, 16));
}

function fillNibble(format: PinFormat, random: number): number {
  switch (format) {
    case 0:
      return 0xf;
    case 1:
      return random;
    case 3:
      return random;
    case 4:
      return 0xa;
  }
}

/** Eight random bytes; format 3 wants its half-bytes to be A to F. */
function randomFill(format: PinFormat): Buffer {
  if (format !== 3) return randomBytes(8);
  const letters = Array.from(randomBytes(16), (byte) => 0xa + Math.floor((byte * 6) / 256));
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
    const unmasked = xor(clear, panField12(pan, key.blockBytes));
    clear.fill(0);
    clear = unmasked;
  }
  try {
    return digitsOf(clear, format);
  } finally {
    clear.fill(0);
  }
}

function digitsOf(clear: Buffer, format: PinFormat): Buffer {
  const nibbles = toNibbles(clear);
  const length = nibbles[1]!;
  const digits = nibbles.subarray(2, 2 + length);
  const fill = nibbles.subarray(2 + length, 16);
  const ok =
    nibbles[0] === format &&
    length >= 4 &&
    length <= 12 &&
    digits.every((digit) => digit <= 9) &&
    fill.every((nibble) => fillIsRight(format, nibble)) &&
    (clear.length === 8 || format === 4 || clear.subarray(8).every((byte) => byte === 0xff));
  const result = Buffer.from(digits);
  nibbles.fill(0);
  if (ok) return result;
  result.fill(0);
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
      return nibble === 0xa;
  }
}

/** 0000 and the 12 digits left of the check digit, left-padded with zeros to the block. */
function panField12(pan: string, blockBytes: 8 | 16): Buffer {
  requirePan(pan);
  const account = pan.slice(0, -1).slice(-12).padStart(12, '0');
  return Buffer.from(account.padStart(blockBytes * 2, '0'), 'hex');
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

function toNibbles(bytes: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(bytes.length * 2);
  for (let i = 0; i < bytes.length; i++) {
    nibbles[2 * i] = bytes[i]! >> 4;
    nibbles[2 * i + 1] = bytes[i]! & 15;
  }
  return nibbles;
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
