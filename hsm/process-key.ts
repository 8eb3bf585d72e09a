import type { Cipher } from 'node:crypto';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { asBuffer, requireThat, requireWholeBlocks, zeroBlock } from './bytes.ts';
import { HsmError } from './errors.ts';
import type { KeyAlgorithm } from './types.ts';
import type { CipherKey } from './vault.ts';

/** Cipher names of Node's OpenSSL by algorithm and key length; single DES runs as 3DES with equal parts. */
function cipherName(algorithm: KeyAlgorithm, lengthBytes: number, mode: 'ecb' | 'cbc'): string {
  switch (algorithm) {
    case 'des':
    case '3des':
      return `des-ede3-${mode}`;
    case 'aes':
      return `aes-${lengthBytes * 8}-${mode}`;
    case 'sm4':
      return `sm4-${mode}`;
    case 'sm2':
      throw new HsmError('wrong_algorithm', 'an SM2 key signs, it does not encrypt');
  }
}

/** K of 8 bytes to K K K, K1 K2 to K1 K2 K1; all other keys as they are. Always a copy. */
export function expandKey(algorithm: KeyAlgorithm, key: Uint8Array): Buffer {
  if (algorithm === 'des') return Buffer.concat([key, key, key]);
  if (algorithm === '3des' && key.length === 16) {
    return Buffer.concat([key, key.subarray(0, 8)]);
  }
  return Buffer.from(key);
}

/**
 * A key in this process's memory: every key of the software provider, and card and session keys
 * that exist for one call. Cipher objects are kept: making one costs several block operations.
 */
export class ProcessKey implements CipherKey {
  readonly algorithm: KeyAlgorithm;
  readonly lengthBytes: number;
  readonly blockBytes: 8 | 16;
  readonly #key: Buffer;
  #encryptor: Cipher | undefined;
  #decryptor: ReturnType<typeof createDecipheriv> | undefined;
  #chain: Cipher | undefined;
  /** The last block that came out of `#chain`: what it will xor into the next input. */
  #chainState: Buffer;
  #left: ProcessKey | undefined;

  /** Copies `key`; the caller may wipe it. */
  constructor(algorithm: KeyAlgorithm, key: Uint8Array) {
    this.algorithm = algorithm;
    this.lengthBytes = key.length;
    this.blockBytes = algorithm === 'aes' || algorithm === 'sm4' ? 16 : 8;
    this.#key = expandKey(algorithm, key);
    this.#chainState = zeroBlock(this.blockBytes);
  }

  encryptEcb(data: Uint8Array): Buffer {
    requireWholeBlocks(data, this.blockBytes);
    this.#encryptor ??= createCipheriv(this.#name('ecb'), this.#key, null).setAutoPadding(false);
    return this.#encryptor.update(data);
  }

  decryptEcb(data: Uint8Array): Buffer {
    requireWholeBlocks(data, this.blockBytes);
    this.#decryptor ??= createDecipheriv(this.#name('ecb'), this.#key, null).setAutoPadding(false);
    return this.#decryptor.update(data);
  }

  encryptCbc(data: Uint8Array, initial: Uint8Array): Buffer {
    requireWholeBlocks(data, this.blockBytes);
    const cipher = createCipheriv(this.#name('cbc'), this.#key, initial).setAutoPadding(false);
    return cipher.update(data);
  }

  decryptCbc(data: Uint8Array, initial: Uint8Array): Buffer {
    requireWholeBlocks(data, this.blockBytes);
    const cipher = createDecipheriv(this.#name('cbc'), this.#key, initial).setAutoPadding(false);
    return cipher.update(data);
  }

  /**
   * One CBC stream serves all MACs: the stream will xor its last output into the next block, so
   * xoring the same value in beforehand makes it start from zero again.
   */
  cbcMac(data: Uint8Array): Buffer {
    requireWholeBlocks(data, this.blockBytes);
    this.#chain ??= createCipheriv(
      this.#name('cbc'),
      this.#key,
      zeroBlock(this.blockBytes),
    ).setAutoPadding(false);
    const input = Buffer.from(data);
    for (let i = 0; i < this.blockBytes; i++) input[i]! ^= this.#chainState[i]!;
    const output = this.#chain.update(input);
    this.#chainState = output.subarray(output.length - this.blockBytes);
    return Buffer.from(this.#chainState);
  }

  leftHalf(): ProcessKey {
    requireThat(this.algorithm === '3des', 'only a 3des key has a left half');
    this.#left ??= new ProcessKey('des', this.#key.subarray(0, 8));
    return this.#left;
  }

  tokenCmac(): undefined {
    return undefined;
  }

  wipe(): void {
    this.#key.fill(0);
    this.#left?.wipe();
    this.#encryptor = undefined;
    this.#decryptor = undefined;
    this.#chain = undefined;
  }

  #name(mode: 'ecb' | 'cbc'): string {
    return cipherName(this.algorithm, this.lengthBytes, mode);
  }
}

/** Works with a key that exists for one call only, and wipes it afterwards. */
export function withProcessKey<T>(
  algorithm: KeyAlgorithm,
  key: Uint8Array,
  use: (key: ProcessKey) => T,
): T {
  const processKey = new ProcessKey(algorithm, key);
  try {
    return use(processKey);
  } finally {
    processKey.wipe();
    asBuffer(key).fill(0);
  }
}
