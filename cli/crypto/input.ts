import { HsmError } from '../../hsm/errors.ts';
import { ProcessKey } from '../../hsm/process-key.ts';
import type { KeyAlgorithm } from '../../hsm/types.ts';
import { EXIT, type ExitCode, printJson, printLine, UsageError } from '../command.ts';

/** What the calculators of `posp crypto` share: hexadecimal in, one value out. */

/** Bytes of a hexadecimal option; spaces are allowed, as people paste them. */
export function parseHex(text: string, option: string): Buffer {
  const digits = text.replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(digits)) {
    throw new UsageError(`${option}: expected whole bytes in hexadecimal`);
  }
  return Buffer.from(digits, 'hex');
}

/** Key lengths in bytes that each algorithm takes. */
const KEY_LENGTHS: Record<KeyAlgorithm, readonly number[]> = {
  des: [8],
  '3des': [16, 24],
  aes: [16, 24, 32],
  sm4: [16],
  sm2: [32],
};

/** A key for calculation. `3des` with 8 bytes is taken as the single DES key that it is. */
export function parseKey(text: string, algorithm: KeyAlgorithm, option = '--key'): ProcessKey {
  const key = parseHex(text, option);
  const actual = algorithm === '3des' && key.length === 8 ? 'des' : algorithm;
  const lengths = KEY_LENGTHS[actual];
  if (!lengths.includes(key.length)) {
    throw new UsageError(
      `${option}: a ${algorithm} key has ${lengths.join(' or ')} bytes, not ${key.length}`,
    );
  }
  return new ProcessKey(actual, key);
}

export function oneOf<T extends string>(text: string, allowed: readonly T[], option: string): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined) {
    throw new UsageError(`${option}: expected ${allowed.join(', ')}, not ${text}`);
  }
  return found;
}

export interface CryptoOptions {
  json?: boolean;
}

/** Prints the outcome as `{"value":"HEX"}` or as the bare value; bad input becomes wrong usage. */
export function answer(options: CryptoOptions, compute: () => Uint8Array | string): ExitCode {
  const result = usageOf(compute);
  const value =
    typeof result === 'string' ? result : Buffer.from(result).toString('hex').toUpperCase();
  if (options.json) printJson({ value });
  else printLine(value);
  return EXIT.ok;
}

/** Runs a calculation; what an HSM would refuse as bad input is wrong usage here. */
export function usageOf<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (error instanceof HsmError) throw new UsageError(error.message);
    throw error;
  }
}
