import { requireThat } from '../bytes.ts';
import type { Envelope } from '../envelope.ts';
import { HsmError } from '../errors.ts';
import { KeyCache } from '../key-cache.ts';
import { checkValueOf, publicKeyCheckValue, requireCheckValue } from '../operations/check-value.ts';
import { sm2KeyPair, sm2PublicKey } from '../operations/sm2.ts';
import { expandKey, ProcessKey } from '../process-key.ts';
import { completeGeneratedSpec, completeSpec, PURPOSES } from '../purposes.ts';
import type { KeyAlgorithm, KeySpec, Pkcs11Config, StoredKey, WrappedKey } from '../types.ts';
import type { CipherKey, Vault, VaultDescription } from '../vault.ts';
import type { CipherRow } from './cipher-rows.ts';
import { Connection } from './connection.ts';
import { KeyTransport } from './key-transport.ts';
import { hasLeftHalf, KeyWrapping, partsOf, usedAndWiped } from './key-wrapping.ts';
import type { MakeMasters } from './masters.ts';
import { operationPlaces } from './operation-places.ts';
import { TokenKey } from './token-key.ts';

const DEFAULT_CACHED_KEYS = 32_768;

/**
 * Keys in a Cryptoki token. Stored keys are wrapped under the token's master; a loaded one is an
 * object of the session. Where the token cannot do what is needed, the documented composed way is
 * taken (operation-places.ts), never silently.
 */
export class Pkcs11Vault implements Vault {
  readonly #connection: Connection;
  readonly #wrapping: KeyWrapping;
  readonly #transport: KeyTransport;
  readonly #cache: KeyCache<TokenKey | ProcessKey>;

  /** With `make` the token gets new masters first. */
  static async open(config: Pkcs11Config, make?: MakeMasters): Promise<Pkcs11Vault> {
    const connection = await Connection.open(config, make);
    return new Pkcs11Vault(connection, config.cachedKeys ?? DEFAULT_CACHED_KEYS);
  }

  private constructor(connection: Connection, cachedKeys: number) {
    this.#connection = connection;
    this.#wrapping = new KeyWrapping(connection);
    this.#transport = new KeyTransport(connection, this.#wrapping);
    this.#cache = new KeyCache<TokenKey | ProcessKey>(cachedKeys, (key) =>
      key instanceof TokenKey ? key.destroy() : key.wipe(),
    );
  }

  load(key: StoredKey): CipherKey {
    return this.#cache.get(key, () => {
      const envelope = this.#wrapping.open(key);
      const row = this.#connection.capabilities.ciphers[key.algorithm];
      if (row !== undefined) return this.#tokenKey(key, envelope, row);
      return this.#wrapping.withTouched(envelope, (clear) => new ProcessKey(key.algorithm, clear));
    });
  }

  forget(key: StoredKey): void {
    this.#cache.delete(key);
  }

  generate(spec: KeySpec): StoredKey {
    const complete = completeGeneratedSpec(spec);
    if (this.#transport.canGenerate(complete)) return this.#transport.generate(complete);
    const clear =
      complete.algorithm === 'sm2' ? sm2KeyPair().privateKey : this.#random(complete.lengthBytes);
    return usedAndWiped(clear, (bytes) => this.store(complete, bytes));
  }

  store(spec: KeySpec, clear: Buffer): StoredKey {
    const complete = completeSpec({ lengthBytes: clear.length, ...spec });
    const { algorithm } = complete;
    requireThat(
      clear.length === complete.lengthBytes,
      `a ${algorithm} key of this kind has ${complete.lengthBytes} bytes`,
    );
    const publicKey = algorithm === 'sm2' ? sm2PublicKey(clear) : undefined;
    const checkValue =
      publicKey === undefined ? clearCheckValue(algorithm, clear) : publicKeyCheckValue(publicKey);
    const touchable = this.#wrapping.isTouchable(complete);
    const parts = [expandKey(algorithm, clear)];
    if (hasLeftHalf(complete)) parts.push(expandKey('des', clear.subarray(0, 8)));
    const wrapped = parts.map((part) =>
      usedAndWiped(part, (bytes) => this.#wrapping.wrapClear(algorithm, bytes, touchable)),
    );
    return this.#wrapping.seal(complete, {
      checkValue,
      publicKey,
      touchable,
      wrapped: Buffer.concat(wrapped),
    });
  }

  exportUnder(key: StoredKey, kek: StoredKey): WrappedKey {
    const envelope = this.#openExportable(key);
    const kekKey = this.load(kek);
    const { checkValue } = key;
    if (!envelope.touchable && this.#transport.canWrapUnder(kekKey, key.algorithm)) {
      return { cryptogram: this.#transport.export(key, envelope, kekKey), checkValue };
    }
    const cryptogram = this.withClear(key, (clear) => kekKey.encryptEcb(clear));
    return { cryptogram, checkValue };
  }

  importUnder(
    spec: KeySpec,
    kek: StoredKey,
    cryptogram: Uint8Array,
    checkValue?: string,
  ): StoredKey {
    const complete = completeSpec({ lengthBytes: cryptogram.length, ...spec });
    requireThat(
      cryptogram.length === complete.lengthBytes,
      `a wrapped ${complete.algorithm} key of this kind has ${complete.lengthBytes} bytes`,
    );
    const kekKey = this.load(kek);
    const inside =
      !this.#wrapping.isTouchable(complete) &&
      this.#transport.canWrapUnder(kekKey, complete.algorithm);
    if (inside) return this.#transport.import(complete, kekKey, cryptogram, checkValue);
    return usedAndWiped(kekKey.decryptEcb(cryptogram), (clear) => {
      if (complete.algorithm !== 'sm2') {
        requireCheckValue(clearCheckValue(complete.algorithm, clear), checkValue);
      }
      return this.store(complete, clear);
    });
  }

  withClear<T>(key: StoredKey, use: (clear: Buffer) => T): T {
    const envelope = this.#wrapping.open(key);
    if (envelope.touchable) return this.#wrapping.withTouched(envelope, use);
    return this.#transport.carryOut(key, this.#openExportable(key), use);
  }

  isExportable(key: StoredKey): boolean {
    return this.#wrapping.open(key).exportable;
  }

  rewrap(key: StoredKey, masterNumber: number): StoredKey {
    return this.#wrapping.rewrap(key, masterNumber);
  }

  /** Keys under this master cannot be used any more. */
  destroyMasters(number: number): void {
    this.#connection.run('destroy masters', () => this.#connection.masters.destroy(number));
  }

  keyLength(key: StoredKey): number {
    return this.#wrapping.open(key).lengthBytes;
  }

  describe(): VaultDescription {
    const { token, capabilities, problem, modulePath, reconnects } = this.#connection;
    const { label, manufacturer, model, serial } = token;
    return {
      provider: 'pkcs11',
      production: true,
      state: problem === undefined ? 'ready' : 'down',
      ...(problem === undefined ? {} : { problem }),
      module: modulePath,
      token: { label, manufacturer, model, serial },
      capabilities: capabilities.names,
      operations: operationPlaces(capabilities),
      masters: this.#connection.masterNumbers(),
      cachedKeys: this.#cache.size,
      reconnects,
    };
  }

  close(): void {
    this.#cache.clear();
    this.#connection.close();
  }

  #openExportable(key: StoredKey): Envelope {
    const envelope = this.#wrapping.open(key);
    if (envelope.exportable) return envelope;
    throw new HsmError('not_exportable', `this ${key.purpose} key may not leave the HSM`);
  }

  #random(lengthBytes: number): Buffer {
    return this.#connection.run('random', (session) =>
      this.#connection.module.C_GenerateRandom(session, Buffer.alloc(lengthBytes)),
    );
  }

  #tokenKey(key: StoredKey, envelope: Envelope, row: CipherRow): TokenKey {
    const { algorithm } = key;
    const { lengthBytes } = envelope;
    const [whole, leftPart] = partsOf(envelope);
    const rule = PURPOSES[key.purpose];
    const use = {
      encrypt: true,
      decrypt: rule.decrypts,
      sign: rule.signs && row.cmac !== undefined,
      wrap: rule.wraps,
      unwrap: rule.wraps,
    };
    const common = { connection: this.#connection, row };
    const left =
      leftPart === undefined
        ? undefined
        : new TokenKey({
            ...common,
            algorithm: 'des',
            lengthBytes: 8,
            resolve: () => this.#wrapping.load('des', envelope, leftPart, { encrypt: true }),
          });
    const resolve = () => this.#wrapping.load(algorithm, envelope, whole!, use);
    const loaded = new TokenKey({ ...common, algorithm, lengthBytes, left, resolve });
    this.#connection.run('load a key', () => loaded.handle());
    return loaded;
  }
}

function clearCheckValue(algorithm: KeyAlgorithm, clear: Buffer): string {
  const key = new ProcessKey(algorithm, clear);
  try {
    return checkValueOf(key);
  } finally {
    key.wipe();
  }
}
