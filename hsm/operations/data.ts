import { randomBytes } from 'node:crypto';
import { asBuffer, pad80, requireThat } from '../bytes.ts';
import type { CipherKey } from '../vault.ts';

/** Data at rest: CBC, a random initial value in front, ISO 9797-1 padding method 2. */
export function encryptWithRandomInitial(key: CipherKey, clear: Uint8Array): Buffer {
  const initial = randomBytes(key.blockBytes);
  return Buffer.concat([initial, key.encryptCbc(pad80(clear, key.blockBytes), initial)]);
}

export function decryptWithInitial(key: CipherKey, encrypted: Uint8Array): Buffer {
  const bytes = asBuffer(encrypted);
  const blockBytes = key.blockBytes;
  requireThat(
    bytes.length >= 2 * blockBytes && bytes.length % blockBytes === 0,
    'encrypted data has an initial value and whole blocks',
  );
  const padded = key.decryptCbc(bytes.subarray(blockBytes), bytes.subarray(0, blockBytes));
  const end = padded.lastIndexOf(0x80);
  const ok = end >= padded.length - blockBytes && padded.subarray(end + 1).every((b) => b === 0);
  requireThat(ok, 'encrypted data does not end in its padding: another key, or changed');
  return padded.subarray(0, end);
}
