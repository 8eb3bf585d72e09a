import type { CipherKey } from '../vault.ts';

/** A key whose every call blocks its thread for a while, as a network HSM's does: to size a pool. */
export class DelayedKey implements CipherKey {
  readonly #key: CipherKey;
  readonly #delayMs: number;

  constructor(key: CipherKey, delayMs: number) {
    this.#key = key;
    this.#delayMs = delayMs;
  }

  get algorithm() {
    return this.#key.algorithm;
  }

  get lengthBytes() {
    return this.#key.lengthBytes;
  }

  get blockBytes() {
    return this.#key.blockBytes;
  }

  encryptEcb(data: Uint8Array): Buffer {
    this.#wait();
    return this.#key.encryptEcb(data);
  }

  decryptEcb(data: Uint8Array): Buffer {
    this.#wait();
    return this.#key.decryptEcb(data);
  }

  encryptCbc(data: Uint8Array, initial: Uint8Array): Buffer {
    this.#wait();
    return this.#key.encryptCbc(data, initial);
  }

  decryptCbc(data: Uint8Array, initial: Uint8Array): Buffer {
    this.#wait();
    return this.#key.decryptCbc(data, initial);
  }

  cbcMac(data: Uint8Array): Buffer {
    this.#wait();
    return this.#key.cbcMac(data);
  }

  leftHalf(): CipherKey {
    return new DelayedKey(this.#key.leftHalf(), this.#delayMs);
  }

  tokenCmac(data: Uint8Array): Buffer | undefined {
    return this.#key.tokenCmac(data);
  }

  #wait(): void {
    Atomics.wait(NEVER_NOTIFIED, 0, 0, this.#delayMs);
  }
}

const NEVER_NOTIFIED = new Int32Array(new SharedArrayBuffer(4));
