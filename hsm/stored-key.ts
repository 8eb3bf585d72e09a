import { toHex } from './bytes.ts';
import { HsmError } from './errors.ts';
import type { StoredKey } from './types.ts';

/** A stored key as text, for files and command lines: the cryptogram in hexadecimal. */
export interface StoredKeyJson extends Omit<StoredKey, 'cryptogram'> {
  cryptogram: string;
}

export function storedKeyToJson(key: StoredKey): StoredKeyJson {
  return { ...key, cryptogram: toHex(key.cryptogram) };
}

/** Throws `bad_input`. Whether the fields belong together is found when the key is loaded. */
export function storedKeyFromJson(json: unknown): StoredKey {
  const { algorithm, purpose, version, cryptogram, checkValue, publicKey } = (json ??
    {}) as Partial<StoredKeyJson>;
  if (
    typeof algorithm !== 'string' ||
    typeof purpose !== 'string' ||
    typeof version !== 'number' ||
    typeof checkValue !== 'string' ||
    typeof cryptogram !== 'string' ||
    !/^([0-9A-Fa-f]{2})+$/.test(cryptogram)
  ) {
    throw new HsmError('bad_input', 'not a stored key: a field is missing or is not text');
  }
  const key = {
    algorithm,
    purpose,
    version,
    checkValue,
    cryptogram: Buffer.from(cryptogram, 'hex'),
  };
  return typeof publicKey === 'string' ? { ...key, publicKey } : key;
}
