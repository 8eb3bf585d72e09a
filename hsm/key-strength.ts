import { requireThat, toHex, xor } from './bytes.ts';
import type { KeyAlgorithm } from './types.ts';

/** Half a key of 16 bytes, and one DES key. */
const PART_BYTES = 8;

/**
 * The keys of DES whose rounds repeat: the weak ones, which turn their own encryption back, and the
 * semi-weak pairs, which turn back each other's. Parity bits, the last of each byte, are zero here.
 */
// biome-ignore format: a table, a pair or two weak keys a line.
const WEAK_DES: ReadonlySet<string> = new Set([
  '0000000000000000', 'FEFEFEFEFEFEFEFE',
  'E0E0E0E0F0F0F0F0', '1E1E1E1E0E0E0E0E',
  '001E001E000E000E', '1E001E000E000E00',
  '00E000E000F000F0', 'E000E000F000F000',
  '00FE00FE00FE00FE', 'FE00FE00FE00FE00',
  '1EE01EE00EF00EF0', 'E01EE01EF00EF00E',
  '1EFE1EFE0EFE0EFE', 'FE1EFE1EFE0EFE0E',
  'E0FEE0FEF0FEF0FE', 'FEE0FEE0FEF0FEF0',
]);

/**
 * Throws `bad_input` when components cancel out to a key that chance does not make: one byte all
 * over a half of it, a weak key of DES, or the same DES key twice in a row, which is single DES.
 */
export function requireStrongSum(algorithm: KeyAlgorithm, components: readonly Uint8Array[]): void {
  const sum = components.reduce((one, other) => xor(one, other));
  const isDes = algorithm === 'des' || algorithm === '3des';
  if (isDes) for (const [at, byte] of sum.entries()) sum[at] = byte & 0xfe;
  let before: Uint8Array | undefined;
  let isWeak = false;
  for (let at = 0; at < sum.length; at += PART_BYTES) {
    const part = sum.subarray(at, at + PART_BYTES);
    isWeak ||= part.every((byte) => byte === part[0]);
    isWeak ||=
      isDes && (WEAK_DES.has(toHex(part)) || before?.every((b, i) => b === part[i]) === true);
    before = part;
  }
  if (components.length > 1) sum.fill(0);
  requireThat(!isWeak, 'the components together give a weak key: one of them has to be made anew');
}
