import { requireThat, toHex } from '../bytes.ts';
import type { CipherKey } from '../vault.ts';

/**
 * Track encryption of field 53 digit 3 = 1 (磁道加密): of the packed track one cipher block is
 * replaced, the one that ends just before the last byte; the length stays. A track of odd length
 * counts its filling half-byte as part of the last byte. A track that is shorter than block and last
 * digit is filled with F, which no track ends in: so it comes back as it was.
 */
export function encryptTrackBlock(key: CipherKey, track: string): string {
  const digits = digitsOf(track).padEnd(key.blockBytes * 2 + 1, 'F');
  return replaceBlock(key, digits, (block) => key.encryptEcb(block));
}

export function decryptTrackBlock(key: CipherKey, track: string): string {
  const clear = replaceBlock(key, digitsOf(track), (block) => key.decryptEcb(block));
  return clear.replace(/F+$/, '');
}

function digitsOf(track: string): string {
  const digits = track.toUpperCase().replaceAll('=', 'D');
  requireThat(/^[0-9A-F]+$/.test(digits), 'a track has digits and separators only');
  return digits;
}

function replaceBlock(
  key: CipherKey,
  digits: string,
  transform: (block: Buffer) => Buffer,
): string {
  const blockDigits = key.blockBytes * 2;
  const end = digits.length - (digits.length % 2 === 0 ? 2 : 1);
  const start = end - blockDigits;
  requireThat(start >= 0, `an encrypted track has at least ${blockDigits + 1} digits`);
  const clear = Buffer.from(digits.slice(start, end), 'hex');
  const replaced = toHex(transform(clear));
  clear.fill(0);
  return digits.slice(0, start) + replaced + digits.slice(end);
}
