import { randomBytes } from 'node:crypto';
import type { Handle } from 'pkcs11js';
import { aesKeyUnwrap, aesKeyWrap } from '../aes-key-wrap.ts';
import { requireThat } from '../bytes.ts';
import type { Envelope } from '../envelope.ts';
import { openEnvelope, sealEnvelope } from '../envelope.ts';
import { HsmError } from '../errors.ts';
import { KeyCache } from '../key-cache.ts';
import { checkValueOf, publicKeyCheckValue, requireCheckValue } from '../operations/check-value.ts';
import { cmac } from '../operations/mac.ts';
import { sm2KeyPair, sm2PublicKey } from '../operations/sm2.ts';
import { expandKey, ProcessKey } from '../process-key.ts';
import { completeGeneratedSpec, completeSpec, PURPOSES } from '../purposes.ts';
import type { KeyAlgorithm, KeySpec, Pkcs11Config, StoredKey, WrappedKey } from '../types.ts';
import type { CipherKey, Vault, VaultDescription } from '../vault.ts';
import type { CipherRow } from './capabilities.ts';
import { Connection } from './connection.ts';
import { operationPlaces } from './operation-places.ts';
import type { KeyUse } from './templates.ts';
import { secretKeyTemplate } from './templates.ts';
import { TokenKey } from './token-key.ts';

const DEFAULT_CACHED_KEYS = 32_768;
type CompleteSpec = Required<KeySpec>;

/**
 * Keys in a Cryptoki token. Stored keys are wrapped under the token's master; a loaded one is an
 * object of the session. Where the token cannot do what is needed, the documented composed way is
 * taken (operation-places.ts), never silently.
 *
 * Every DES key is a three-part 3DES key inside the token: K K K, K1 K2 K1 or K1 K2 K3. ECB wraps
 * each part by itself, so parts can be repeated and split off while they are wrapped.
 */
export class Pkcs11Vault implements Vault {
  readonly #connection: Connection;
  readonly #cache: KeyCache<TokenKey | ProcessKey>;
  readonly #touching: TokenKey;
  readonly #binding: TokenKey;

  /** `combined`: see Connection.open. */
  static async open(config: Pkcs11Config, combined?: Uint8Array): Promise<Pkcs11Vault> {
    const connection = await Connection.open(config, combined);
    return new Pkcs11Vault(connection, config.cachedKeys ?? DEFAULT_CACHED_KEYS);
  }

  private constructor(connection: Connection, cachedKeys: number) {
    this.#connection = connection;
    this.#cache = new KeyCache<TokenKey | ProcessKey>(cachedKeys, (key) =>
      key instanceof TokenKey ? key.destroy() : key.wipe(),
    );
    this.#touching = this.#masterKey('touching');
    this.#binding = this.#masterKey('binding');
  }

  load(key: StoredKey): CipherKey {
    return this.#cache.get(key, () => {
      const envelope = this.#openEnvelope(key);
      const row = this.#connection.capabilities.ciphers[key.algorithm];
      if (row === undefined) {
        return this.#withTouched(envelope, (clear) => new ProcessKey(key.algorithm, clear));
      }
      return this.#tokenKey(key, envelope, row);
    });
  }

  forget(key: StoredKey): void {
    this.#cache.delete(key);
  }

  generate(spec: KeySpec): StoredKey {
    const complete = completeGeneratedSpec(spec);
    const row = this.#connection.capabilities.ciphers[complete.algorithm];
    if (row !== undefined && this.#canSplit(complete) && !this.#isTouchable(complete)) {
      return this.#generateInside(complete, row);
    }
    const clear =
      complete.algorithm === 'sm2' ? sm2KeyPair().privateKey : this.#random(complete.lengthBytes);
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
    const checkValue =
      publicKey === undefined
        ? withWiped(new ProcessKey(complete.algorithm, clear), checkValueOf)
        : publicKeyCheckValue(publicKey);
    const touchable = this.#isTouchable(complete);
    const parts = [expandKey(complete.algorithm, clear)];
    if (hasLeftHalf(complete)) parts.push(expandKey('des', clear.subarray(0, 8)));
    try {
      const wrapped = Buffer.concat(
        parts.map((part) =>
          touchable
            ? aesKeyWrap((block) => this.#touching.encryptEcb(block), part)
            : this.#wrapClear(complete.algorithm, part),
        ),
      );
      return this.#seal(complete, { checkValue, publicKey, touchable, wrapped });
    } finally {
      for (const part of parts) part.fill(0);
    }
  }

  exportUnder(key: StoredKey, kek: StoredKey): WrappedKey {
    const envelope = this.#openEnvelope(key);
    if (!envelope.exportable) {
      throw new HsmError('not_exportable', `this ${key.purpose} key may not leave the HSM`);
    }
    const kekKey = this.load(kek);
    if (envelope.touchable || !this.#wrapsInside(key.algorithm, kekKey)) {
      const cryptogram = this.withClear(key, (clear) => kekKey.encryptEcb(clear));
      return { cryptogram, checkValue: key.checkValue };
    }
    const mechanism = this.#ecbOf(kek.algorithm);
    const cryptogram = this.#connection.run('wrap a key for export', (session) => {
      const travelling = this.#unwrap(key.algorithm, partsOf(envelope)[0]!, {}, true);
      try {
        const room = Buffer.alloc(64);
        const { module } = this.#connection;
        return module.C_WrapKey(session, mechanism, kekKey.handle(), travelling, room);
      } finally {
        this.#connection.destroyObject(travelling);
      }
    });
    return {
      cryptogram: Buffer.from(cryptogram.subarray(0, envelope.lengthBytes)),
      checkValue: key.checkValue,
    };
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
    if (this.#isTouchable(complete) || !this.#wrapsInside(complete.algorithm, kekKey)) {
      const clear = kekKey.decryptEcb(cryptogram);
      try {
        requireClearCheckValue(complete.algorithm, clear, checkValue);
        return this.store(complete, clear);
      } finally {
        clear.fill(0);
      }
    }
    const expanded = expandKey(complete.algorithm, cryptogram);
    return this.#sealUnwrapped(complete, kekKey, expanded, checkValue);
  }

  withClear<T>(key: StoredKey, use: (clear: Buffer) => T): T {
    const envelope = this.#openEnvelope(key);
    if (envelope.touchable) return this.#withTouched(envelope, use);
    if (!envelope.exportable) {
      throw new HsmError('not_exportable', `this ${key.purpose} key may not leave the HSM`);
    }
    const carrier = randomBytes(24);
    try {
      const clear = this.#carryOut(key.algorithm, envelope, carrier);
      return usedAndWiped(clear, (bytes) => use(bytes.subarray(0, envelope.lengthBytes)));
    } finally {
      carrier.fill(0);
    }
  }

  isExportable(key: StoredKey): boolean {
    return this.#openEnvelope(key).exportable;
  }

  keyLength(key: StoredKey): number {
    return this.#openEnvelope(key).lengthBytes;
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
      cachedKeys: this.#cache.size,
      reconnects,
    };
  }

  close(): void {
    this.#cache.clear();
    this.#connection.close();
  }

  #masterKey(name: 'touching' | 'binding'): TokenKey {
    const connection = this.#connection;
    return new TokenKey({
      connection,
      row: connection.capabilities.ciphers.aes!,
      algorithm: 'aes',
      lengthBytes: 32,
      resolve: () => connection.masters[name],
    });
  }

  #openEnvelope(key: StoredKey): Envelope {
    return openEnvelope(key, this.#cmac);
  }

  #seal(
    spec: CompleteSpec,
    sealed: {
      checkValue: string;
      publicKey?: string | undefined;
      touchable: boolean;
      wrapped: Buffer;
    },
  ): StoredKey {
    const { publicKey, ...rest } = sealed;
    const input = { spec, ...rest, masterNumber: 1 };
    return sealEnvelope(publicKey === undefined ? input : { ...input, publicKey }, this.#cmac);
  }

  readonly #cmac = (data: Buffer): Buffer => cmac(this.#binding, data);

  /** Keys that this process has to touch: no cipher for them inside, or no way to wrap them out. */
  #isTouchable(spec: CompleteSpec): boolean {
    const { ciphers, ecbWrapping } = this.#connection.capabilities;
    if (ciphers[spec.algorithm] === undefined) return true;
    return spec.exportable && ecbWrapping[spec.algorithm] !== true;
  }

  /** Parts of a DES key can be repeated inside the token only where it wraps block by block. */
  #canSplit(spec: CompleteSpec): boolean {
    const blockWise = this.#connection.capabilities.ecbWrapping[spec.algorithm] === true;
    return blockWise || (spec.algorithm !== 'des' && spec.algorithm !== '3des');
  }

  /** Whole blocks of the outer key: 3DES wraps AES keys too, AES wraps no 24-byte 3DES key. */
  #wrapsInside(algorithm: KeyAlgorithm, kek: CipherKey): kek is TokenKey {
    const { ciphers, ecbWrapping } = this.#connection.capabilities;
    if (!(kek instanceof TokenKey) || ciphers[algorithm] === undefined) return false;
    const isDes = algorithm === 'des' || algorithm === '3des';
    return ecbWrapping[kek.algorithm] === true && (kek.blockBytes === 8 || !isDes);
  }

  #ecbOf(algorithm: KeyAlgorithm): { mechanism: number } {
    return { mechanism: this.#connection.capabilities.ciphers[algorithm]!.ecb };
  }

  #random(lengthBytes: number): Buffer {
    return this.#connection.run('random', (session) =>
      this.#connection.module.C_GenerateRandom(session, Buffer.alloc(lengthBytes)),
    );
  }

  #tokenKey(key: StoredKey, envelope: Envelope, row: CipherRow): TokenKey {
    const [whole, left] = partsOf(envelope);
    const rule = PURPOSES[key.purpose];
    const use = {
      encrypt: true,
      decrypt: rule.decrypts,
      sign: rule.signs && row.cmac !== undefined,
      wrap: rule.wraps,
      unwrap: rule.wraps,
    };
    const common = { connection: this.#connection, row };
    const leftKey =
      left === undefined
        ? undefined
        : new TokenKey({
            ...common,
            algorithm: 'des',
            lengthBytes: 8,
            resolve: () => this.#unwrapPart('des', envelope, left, { encrypt: true }),
          });
    const loaded = new TokenKey({
      ...common,
      algorithm: key.algorithm,
      lengthBytes: envelope.lengthBytes,
      left: leftKey,
      resolve: () => this.#unwrapPart(key.algorithm, envelope, whole!, use),
    });
    this.#connection.run('load a key', () => loaded.handle());
    return loaded;
  }

  #unwrapPart(algorithm: KeyAlgorithm, envelope: Envelope, part: Buffer, use: KeyUse): Handle {
    if (!envelope.touchable) return this.#unwrap(algorithm, part, use, false);
    const { module, session, masters, capabilities } = this.#connection;
    const { keyType } = capabilities.ciphers[algorithm]!;
    const { storage } = capabilities;
    if (capabilities.storageName === 'aes-key-wrap') {
      const template = secretKeyTemplate({ keyType, ...use });
      return module.C_UnwrapKey(session, storage, masters.touching, part, template);
    }
    return usedAndWiped(this.#unwrapTouched(part), (value) =>
      module.C_CreateObject(session, secretKeyTemplate({ keyType, value, ...use })),
    );
  }

  #unwrap(algorithm: KeyAlgorithm, part: Buffer, use: KeyUse, extractable: boolean): Handle {
    const { module, session, masters, capabilities } = this.#connection;
    const { keyType } = capabilities.ciphers[algorithm]!;
    const template = secretKeyTemplate({ keyType, extractable, ...use });
    return module.C_UnwrapKey(session, capabilities.storage, masters.wrapping, part, template);
  }

  #wrapObject(handle: Handle): Buffer {
    const { module, session, masters, capabilities } = this.#connection;
    const room = Buffer.alloc(64);
    return Buffer.from(
      module.C_WrapKey(session, capabilities.storage, masters.wrapping, handle, room),
    );
  }

  #wrapClear(algorithm: KeyAlgorithm, value: Buffer): Buffer {
    const { keyType } = this.#connection.capabilities.ciphers[algorithm]!;
    return this.#connection.run('store a key', () => {
      const handle = this.#connection.createObject({ keyType, value, extractable: true });
      try {
        return this.#wrapObject(handle);
      } finally {
        this.#connection.destroyObject(handle);
      }
    });
  }

  #withTouched<T>(envelope: Envelope, use: (clear: Buffer) => T): T {
    const [whole] = partsOf(envelope);
    return usedAndWiped(this.#unwrapTouched(whole!), (bytes) =>
      use(bytes.subarray(0, envelope.lengthBytes)),
    );
  }

  #unwrapTouched(part: Buffer): Buffer {
    return aesKeyUnwrap((block) => this.#touching.decryptEcb(block), part);
  }

  /** Made inside and never outside: where parts repeat, a throw-away key inside wraps them apart. */
  #generateInside(spec: CompleteSpec, row: CipherRow): StoredKey {
    const { module } = this.#connection;
    const isDes = row.blockBytes === 8;
    const lengthBytes = isDes ? {} : { lengthBytes: spec.lengthBytes };
    const template = { keyType: row.keyType, extractable: true, encrypt: true, ...lengthBytes };
    return this.#connection.run('generate a key', (session) => {
      const generation = { mechanism: row.keyGeneration };
      const fresh = module.C_GenerateKey(session, generation, secretKeyTemplate(template));
      try {
        if (!isDes) return this.#sealHandle(spec, fresh, undefined);
        return this.#withSplitter(row, (splitter) => {
          const wrapped = module.C_WrapKey(
            session,
            { mechanism: row.ecb },
            splitter.handle(),
            fresh,
            Buffer.alloc(64),
          );
          const expanded = expandKey(spec.algorithm, wrapped.subarray(0, spec.lengthBytes));
          return this.#sealUnwrapped(spec, splitter, expanded, undefined);
        });
      } finally {
        this.#connection.destroyObject(fresh);
      }
    });
  }

  #withSplitter<T>(row: CipherRow, use: (splitter: TokenKey) => T): T {
    const { module, session } = this.#connection;
    const template = { keyType: row.keyType, wrap: true, unwrap: true };
    const generation = { mechanism: row.keyGeneration };
    const handle = module.C_GenerateKey(session, generation, secretKeyTemplate(template));
    const splitter = new TokenKey({
      connection: this.#connection,
      row,
      algorithm: '3des',
      lengthBytes: 24,
      resolve: () => handle,
    });
    try {
      return use(splitter);
    } finally {
      splitter.destroy();
    }
  }

  /** Unwraps a key that came block by block under `kek`, checks it and stores it, all inside. */
  #sealUnwrapped(
    spec: CompleteSpec,
    kek: TokenKey,
    expanded: Buffer,
    checkValue: string | undefined,
  ): StoredKey {
    const { module, capabilities } = this.#connection;
    const { keyType } = capabilities.ciphers[spec.algorithm]!;
    const template = secretKeyTemplate({ keyType, extractable: true, encrypt: true });
    const mechanism = this.#ecbOf(kek.algorithm);
    return this.#connection.run('unwrap a key', (session) => {
      const unwrap = (wrapped: Buffer) =>
        module.C_UnwrapKey(session, mechanism, kek.handle(), wrapped, template);
      const whole = unwrap(expanded);
      const left = hasLeftHalf(spec)
        ? unwrap(expandKey('des', expanded.subarray(0, 8)))
        : undefined;
      try {
        return this.#sealHandle(spec, whole, left, checkValue);
      } finally {
        this.#connection.destroyObject(whole);
        if (left !== undefined) this.#connection.destroyObject(left);
      }
    });
  }

  #sealHandle(
    spec: CompleteSpec,
    whole: Handle,
    left: Handle | undefined,
    expected?: string,
  ): StoredKey {
    const inside = new TokenKey({
      connection: this.#connection,
      row: this.#connection.capabilities.ciphers[spec.algorithm]!,
      algorithm: spec.algorithm,
      lengthBytes: spec.lengthBytes,
      resolve: () => whole,
    });
    const checkValue = checkValueOf(inside);
    requireCheckValue(checkValue, expected);
    const parts = left === undefined ? [whole] : [whole, left];
    const wrapped = Buffer.concat(parts.map((handle) => this.#wrapObject(handle)));
    return this.#seal(spec, { checkValue, touchable: false, wrapped });
  }

  /** The bytes of an exportable key: wrapped under a key that this process knows for a moment. */
  #carryOut(algorithm: KeyAlgorithm, envelope: Envelope, carrier: Buffer): Buffer {
    const { module, capabilities } = this.#connection;
    const row = capabilities.ciphers['3des'];
    if (row === undefined || capabilities.ecbWrapping['3des'] !== true) {
      throw new HsmError('unsupported', 'the token cannot wrap this key for another system');
    }
    const wrapped = this.#connection.run('wrap a key for export', (session) => {
      const handle = this.#connection.createObject({
        keyType: row.keyType,
        value: carrier,
        wrap: true,
      });
      const travelling = this.#unwrap(algorithm, partsOf(envelope)[0]!, {}, true);
      try {
        const mechanism = { mechanism: row.ecb };
        return module.C_WrapKey(session, mechanism, handle, travelling, Buffer.alloc(64));
      } finally {
        this.#connection.destroyObject(travelling);
        this.#connection.destroyObject(handle);
      }
    });
    return withWiped(new ProcessKey('3des', carrier), (key) => key.decryptEcb(wrapped));
  }
}

/** X9.19 and card-update MACs work with the first half alone, which must be stored beside the whole. */
function hasLeftHalf(spec: CompleteSpec): boolean {
  return (
    spec.algorithm === '3des' && (spec.purpose === 'mac' || spec.purpose === 'epurse-maintenance')
  );
}

/** The wrapped parts of an envelope: the whole key, and its left half where there is one. */
function partsOf(envelope: Envelope): Buffer[] {
  const { wrapped } = envelope;
  if (envelope.lengthBytes === 8 || wrapped.length < 64) return [wrapped];
  const half = wrapped.length / 2;
  return [wrapped.subarray(0, half), wrapped.subarray(half)];
}

function requireClearCheckValue(
  algorithm: KeyAlgorithm,
  clear: Buffer,
  expected: string | undefined,
): void {
  if (expected === undefined || algorithm === 'sm2') return;
  requireCheckValue(withWiped(new ProcessKey(algorithm, clear), checkValueOf), expected);
}

function withWiped<T>(key: ProcessKey, use: (key: ProcessKey) => T): T {
  try {
    return use(key);
  } finally {
    key.wipe();
  }
}

function usedAndWiped<T>(bytes: Buffer, use: (bytes: Buffer) => T): T {
  try {
    return use(bytes);
  } finally {
    bytes.fill(0);
  }
}
