import { requireThat } from '../bytes.ts';
import { requireAlgorithm } from '../purposes.ts';
import type { CipherKey } from '../vault.ts';

/** The two classic ways of checking a PIN without storing it: Visa PVV and the IBM 3624 offset. */

/**
 * Visa PVV: 11 PAN digits left of the check digit, the key index and the first four PIN digits are
 * encrypted; the first four decimal digits of the outcome count, letters less ten fill what is missing.
 */
export function pvvOf(key: CipherKey, pan: string, keyIndex: number, digits: Uint8Array): string {
  requireAlgorithm(key, '3des');
  requireThat(Number.isInteger(keyIndex) && keyIndex >= 0 && keyIndex <= 9, 'key index is 0 to 9');
  const account = pan.slice(0, -1).slice(-11);
  requireThat(/^\d{11}$/.test(account), 'a PVV needs a PAN of at least 12 digits');
  const input = Buffer.alloc(8);
  const nibbles = [...account].map(Number);
  nibbles.push(keyIndex, ...digits.subarray(0, 4));
  for (let i = 0; i < 8; i++) input[i] = (nibbles[2 * i]! << 4) | nibbles[2 * i + 1]!;
  const outcome = key.encryptEcb(input).toString('hex');
  input.fill(0);
  const decimals = outcome.replace(/[a-f]/g, '');
  const letters = outcome.replace(/\d/g, '').replace(/[a-f]/g, (c) => `${c.charCodeAt(0) - 0x61}`);
  return (decimals + letters).slice(0, 4);
}

/**
 * IBM 3624: the encrypted validation data as decimals (A to F count as 0 to 5) is the natural PIN;
 * the offset is what must be added to it, digit by digit without carry.
 */
export function pinOffsetOf(key: CipherKey, pan: string, digits: Uint8Array): string {
  requireAlgorithm(key, '3des');
  requireThat(/^\d{13,19}$/.test(pan), 'an offset needs a PAN of 13 to 19 digits');
  const validation = pan.slice(0, -1).slice(-12).padEnd(16, '0');
  const outcome = key.encryptEcb(Buffer.from(validation, 'hex')).toString('hex');
  let offset = '';
  for (let i = 0; i < digits.length; i++) {
    const natural = Number.parseInt(outcome[i]!, 16) % 10;
    offset += (digits[i]! - natural + 10) % 10;
  }
  return offset;
}
