import type { KeyAlgorithm, KeySpec, OperationPlace, StoredKey, WrappedKey } from './types.ts';

/**
 * A key that is ready to work. The provider decides where it lives; the operations in operations/
 * are composed from these calls and never see its bytes.
 *
 * Lengths must be whole blocks; returned buffers are the caller's.
 */
export interface CipherKey {
  readonly algorithm: KeyAlgorithm;
  readonly lengthBytes: number;
  readonly blockBytes: 8 | 16;
  encryptEcb(data: Uint8Array): Buffer;
  decryptEcb(data: Uint8Array): Buffer;
  encryptCbc(data: Uint8Array, initial: Uint8Array): Buffer;
  decryptCbc(data: Uint8Array, initial: Uint8Array): Buffer;
  /** The last block of a CBC encryption that starts with a zero block: the heart of every MAC. */
  cbcMac(data: Uint8Array): Buffer;
  /** The first 8 bytes of a `3des` MAC key as a key of its own, for X9.19. */
  leftHalf(): CipherKey;
  /** CMAC done by the token itself; undefined where it has to be composed. */
  tokenCmac(data: Uint8Array): Buffer | undefined;
}

/** What a provider knows how to do with stored keys. Everything here answers at once or throws HsmError. */
export interface Vault {
  /** The key behind the cryptogram, from a bounded cache; throws `tampered` when a field was changed. */
  load(key: StoredKey): CipherKey;
  forget(key: StoredKey): void;
  generate(spec: KeySpec): StoredKey;
  /** Stores a key whose bytes are known. The caller wipes `clear`. */
  store(spec: KeySpec, clear: Buffer): StoredKey;
  exportUnder(key: StoredKey, kek: StoredKey): WrappedKey;
  importUnder(
    spec: KeySpec,
    kek: StoredKey,
    cryptogram: Uint8Array,
    checkValue?: string,
  ): StoredKey;
  /**
   * Calls `use` with the bytes of a key that has to leave (exportable) or that this provider works
   * with in the process (SM2, SM4 without a vendor's mechanism), and wipes them afterwards.
   */
  withClear<T>(key: StoredKey, use: (clear: Buffer) => T): T;
  /** Throws `tampered`; says whether the key may travel. */
  isExportable(key: StoredKey): boolean;
  /** The key under this master; the same object when it is under it already. */
  rewrap(key: StoredKey, masterNumber: number): StoredKey;
  keyLength(key: StoredKey): number;
  describe(): VaultDescription;
  close(): void;
}

export interface VaultDescription {
  provider: 'software' | 'pkcs11';
  production: boolean;
  state: 'ready' | 'down';
  problem?: string;
  module?: string;
  token?: { label: string; manufacturer: string; model: string; serial: string };
  capabilities: string[];
  operations: OperationPlace[];
  /** Numbers of the masters that the token holds, the newest last: new keys are wrapped under that one. */
  masters: number[];
  cachedKeys: number;
  reconnects: number;
}
