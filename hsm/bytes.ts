import { timingSafeEqual } from 'node:crypto';
import { HsmError } from './errors.ts';

/** The shared empty initial values and check-value inputs. Never written to. */
export const ZERO_8 = Buffer.alloc(8);
export const ZERO_16 = Buffer.alloc(16);

export function zeroBlock(blockBytes: 8 | 16): Buffer {
  return blockBytes === 8 ? ZERO_8 : ZERO_16;
}

/** A view as a Buffer, without copying. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `a` xor `b`, as long as `a`; `b` must not be shorter. */
export function xor(a: Uint8Array, b: Uint8Array): Buffer {
  const result = Buffer.allocUnsafe(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i]! ^ b[i]!;
  return result;
}

export function complement(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte) => ~byte & 0xff));
}

/** Right-pads with zero bytes to whole blocks; empty data becomes one block. */
export function padZero(data: Uint8Array, blockBytes: number): Buffer {
  const length = Math.max(1, Math.ceil(data.length / blockBytes)) * blockBytes;
  const padded = Buffer.alloc(length);
  padded.set(data);
  return padded;
}

/** Pads with 80 00…, always, so that aligned data gains a block (ISO 9797-1 padding method 2). */
export function pad80(data: Uint8Array, blockBytes: number): Buffer {
  const length = (Math.floor(data.length / blockBytes) + 1) * blockBytes;
  const padded = Buffer.alloc(length);
  padded.set(data);
  padded[data.length] = 0x80;
  return padded;
}

export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

export function toHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex').toUpperCase();
}

/** Throws `bad_input` with the name of what was wrong, never with the value. */
export function requireThat(condition: boolean, what: string): asserts condition {
  if (!condition) throw new HsmError('bad_input', what);
}

export function requireWholeBlocks(data: Uint8Array, blockBytes: number): void {
  requireThat(
    data.length > 0 && data.length % blockBytes === 0,
    `data must be whole blocks of ${blockBytes} bytes`,
  );
}
