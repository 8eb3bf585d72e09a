import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { asBuffer, requireThat } from '../bytes.ts';
import type { Envelope } from '../envelope.ts';
import { openEnvelope, resealed, sealEnvelope } from '../envelope.ts';
import { HsmError } from '../errors.ts';
import { KeyCache } from '../key-cache.ts';
import { checkValueOf, publicKeyCheckValue, requireCheckValue } from '../operations/check-value.ts';
import { cmac } from '../operations/mac.ts';
import { sm2KeyPair, sm2PublicKey } from '../operations/sm2.ts';
import type { MakeMasters } from '../pkcs11/masters.ts';
import { expandKey, ProcessKey } from '../process-key.ts';
import { completeGeneratedSpec, completeSpec } from '../purposes.ts';
import type { KeySpec, SoftwareConfig, StoredKey, WrappedKey } from '../types.ts';
import type { CipherKey, Vault, VaultDescription } from '../vault.ts';
import { DelayedKey } from './delayed-key.ts';
import { SoftwareMasterSets } from './masters.ts';

const DEFAULT_CACHED_KEYS = 32_768;
/** The initial value of RFC 3394. */
const KEY_WRAP_INITIAL = Buffer.alloc(8, 0xa6);

/**
 * Keys in this process, wrapped at rest under masters from an encrypted file. For trials, tests
 * and the calculator; the health page says that it is not for production.
 */
export class SoftwareVault implements Vault {
  readonly #masters: SoftwareMasterSets;
  readonly #cache: KeyCache<ProcessKey>;
  readonly #delayMs: number;

  /** With `make` the key file gets new masters first. */
  constructor(config: SoftwareConfig, make?: MakeMasters) {
    this.#masters = new SoftwareMasterSets(config, make);
    this.#cache = new KeyCache(config.cachedKeys ?? DEFAULT_CACHED_KEYS, (key) => key.wipe());
    this.#delayMs = config.simulatedCallMs ?? 0;
  }

  load(key: StoredKey): CipherKey {
    const loaded = this.#cache.get(key, () =>
      this.withClear(key, (clear) => new ProcessKey(key.algorithm, clear)),
    );
    return this.#delayMs === 0 ? loaded : new DelayedKey(loaded, this.#delayMs);
  }

  forget(key: StoredKey): void {
    this.#cache.delete(key);
  }

  generate(spec: KeySpec): StoredKey {
    const complete = completeGeneratedSpec(spec);
    const clear =
      complete.algorithm === 'sm2' ? sm2KeyPair().privateKey : randomBytes(complete.lengthBytes);
    try {
      return this.store(complete, clear);
    } finally {
      clear.fill(0);
    }
  }

  store(spec: KeySpec, clear: Buffer): StoredKey {
    const complete = completeSpec({ lengthBytes: clear.length, ...spec });
    requireThat(
      clear.length === complete.lengthBytes,
      `a ${complete.algorithm} key of this kind has ${complete.lengthBytes} bytes`,
    );
    const publicKey = complete.algorithm === 'sm2' ? sm2PublicKey(clear) : undefined;
    const expanded = expandKey(complete.algorithm, clear);
    const masterNumber = this.#masters.newest;
    const wrapped = this.#wrap(expanded, masterNumber);
    expanded.fill(0);
    return sealEnvelope(
      {
        spec: complete,
        checkValue:
          publicKey === undefined
            ? checkValueOfClear(complete.algorithm, clear)
            : publicKeyCheckValue(publicKey),
        ...(publicKey === undefined ? {} : { publicKey }),
        touchable: true,
        masterNumber,
        wrapped,
      },
      this.#cmac,
    );
  }

  exportUnder(key: StoredKey, kek: StoredKey): WrappedKey {
    if (!this.isExportable(key)) {
      throw new HsmError('not_exportable', `this ${key.purpose} key may not leave the HSM`);
    }
    const cryptogram = this.withClear(key, (clear) => this.load(kek).encryptEcb(clear));
    return { cryptogram, checkValue: key.checkValue };
  }

  importUnder(
    spec: KeySpec,
    kek: StoredKey,
    cryptogram: Uint8Array,
    checkValue?: string,
  ): StoredKey {
    const clear = this.load(kek).decryptEcb(asBuffer(cryptogram));
    try {
      const stored = this.store({ lengthBytes: clear.length, ...spec }, clear);
      requireCheckValue(stored.checkValue, checkValue);
      return stored;
    } finally {
      clear.fill(0);
    }
  }

  withClear<T>(key: StoredKey, use: (clear: Buffer) => T): T {
    const envelope = this.#openEnvelope(key);
    const expanded = this.#unwrap(envelope);
    try {
      return use(expanded.subarray(0, envelope.lengthBytes));
    } finally {
      expanded.fill(0);
    }
  }

  rewrap(key: StoredKey, masterNumber: number): StoredKey {
    const envelope = this.#openEnvelope(key);
    if (envelope.masterNumber === masterNumber) return key;
    const expanded = this.#unwrap(envelope);
    const wrapped = this.#wrap(expanded, masterNumber);
    expanded.fill(0);
    return sealEnvelope(resealed(key, envelope, masterNumber, wrapped), this.#cmac);
  }

  /** Keys under this master cannot be used any more. */
  destroyMasters(number: number): void {
    this.#masters.destroy(number);
  }

  isExportable(key: StoredKey): boolean {
    return this.#openEnvelope(key).exportable;
  }

  keyLength(key: StoredKey): number {
    return this.#openEnvelope(key).lengthBytes;
  }

  describe(): VaultDescription {
    return {
      provider: 'software',
      production: false,
      state: 'ready',
      capabilities: ['des', '3des', 'aes', 'sm4', 'sm2', 'sm3'],
      operations: [
        {
          operation: 'all',
          place: 'process',
          why: 'the software provider works in this process: for trials, not for production',
        },
      ],
      masters: this.#masters.lookForNewer(),
      cachedKeys: this.#cache.size,
      reconnects: 0,
    };
  }

  close(): void {
    this.#cache.clear();
    this.#masters.wipe();
  }

  #openEnvelope(key: StoredKey): Envelope {
    return openEnvelope(key, this.#cmac);
  }

  #wrap(expanded: Buffer, masterNumber: number): Buffer {
    const { wrapping } = this.#masters.get(masterNumber);
    const cipher = createCipheriv('id-aes256-wrap', wrapping, KEY_WRAP_INITIAL);
    return Buffer.concat([cipher.update(expanded), cipher.final()]);
  }

  #unwrap({ wrapped, masterNumber }: Envelope): Buffer {
    const { wrapping } = this.#masters.get(masterNumber);
    const decipher = createDecipheriv('id-aes256-wrap', wrapping, KEY_WRAP_INITIAL);
    return Buffer.concat([decipher.update(wrapped), decipher.final()]);
  }

  readonly #cmac = (masterNumber: number, data: Buffer): Buffer =>
    cmac(this.#masters.get(masterNumber).binding, data);
}

function checkValueOfClear(algorithm: StoredKey['algorithm'], clear: Buffer): string {
  const key = new ProcessKey(algorithm, clear);
  const checkValue = checkValueOf(key);
  key.wipe();
  return checkValue;
}
