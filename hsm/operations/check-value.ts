import { createHash } from 'node:crypto';
import { requireThat, toHex, zeroBlock } from '../bytes.ts';
import { HsmError } from '../errors.ts';
import type { CipherKey } from '../vault.ts';

/** The first 4 bytes of a zero block encrypted with the key, as field 62 carries them. */
export function checkValueOf(key: CipherKey): string {
  return toHex(key.encryptEcb(zeroBlock(key.blockBytes)).subarray(0, 4));
}

/** A signing key is recognised by its public key: first 4 bytes of its SM3. */
export function publicKeyCheckValue(publicKey: string): string {
  return toHex(createHash('sm3').update(Buffer.from(publicKey, 'hex')).digest().subarray(0, 4));
}

/** Compares with a check value that came beside a key: 6 or 8 hex digits. */
export function requireCheckValue(actual: string, expected: string | undefined): void {
  if (expected === undefined) return;
  requireThat(
    /^([0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})$/.test(expected),
    'a check value has 6 or 8 hex digits',
  );
  if (!actual.startsWith(expected.toUpperCase())) {
    throw new HsmError('check_value_mismatch', 'the key does not have the check value beside it');
  }
}
