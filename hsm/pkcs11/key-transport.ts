import { randomBytes } from 'node:crypto';
import type { Envelope } from '../envelope.ts';
import { HsmError } from '../errors.ts';
import { checkValueOf, requireCheckValue } from '../operations/check-value.ts';
import { expandKey, ProcessKey } from '../process-key.ts';
import type { KeyAlgorithm, StoredKey } from '../types.ts';
import type { CipherKey } from '../vault.ts';
import type { Handle } from './binding.ts';
import type { CipherRow } from './cipher-rows.ts';
import type { Connection } from './connection.ts';
import {
  type CompleteSpec,
  hasLeftHalf,
  type KeyWrapping,
  usedAndWiped,
  WRAPPED_ROOM_BYTES,
} from './key-wrapping.ts';
import { secretKeyTemplate } from './templates.ts';
import { TokenKey } from './token-key.ts';
import { unwrapKey } from './unwrap.ts';

/**
 * Keys that are made, come in and go out without their bytes leaving the token, for tokens that
 * wrap block by block (ECB).
 *
 * Every DES key is a three-part 3DES key inside: K K K, K1 K2 K1 or K1 K2 K3. ECB wraps each part
 * by itself, so parts can be repeated and split off while they are wrapped.
 */
export class KeyTransport {
  readonly #connection: Connection;
  readonly #wrapping: KeyWrapping;

  constructor(connection: Connection, wrapping: KeyWrapping) {
    this.#connection = connection;
    this.#wrapping = wrapping;
  }

  /** Can such a key be made inside? DES parts are repeated while they are wrapped. */
  canGenerate(spec: CompleteSpec): boolean {
    const { ciphers, ecbWrapping } = this.#connection.capabilities;
    if (ciphers[spec.algorithm] === undefined || this.#wrapping.isTouchable(spec)) return false;
    const isDes = spec.algorithm === 'des' || spec.algorithm === '3des';
    return !isDes || ecbWrapping[spec.algorithm] === true;
  }

  /** Whole blocks of the outer key: 3DES wraps AES keys too, AES wraps no 24-byte 3DES key. */
  canWrapUnder(kek: CipherKey, algorithm: KeyAlgorithm): kek is TokenKey {
    const { ciphers, ecbWrapping } = this.#connection.capabilities;
    if (!(kek instanceof TokenKey) || ciphers[algorithm] === undefined) return false;
    const isDes = algorithm === 'des' || algorithm === '3des';
    return ecbWrapping[kek.algorithm] === true && (kek.blockBytes === 8 || !isDes);
  }

  generate(spec: CompleteSpec): StoredKey {
    const { module, capabilities } = this.#connection;
    const row = capabilities.ciphers[spec.algorithm]!;
    const isDes = row.blockBytes === 8;
    const lengthBytes = isDes ? {} : { lengthBytes: spec.lengthBytes };
    const template = { keyType: row.keyType, extractable: true, encrypt: true, ...lengthBytes };
    return this.#connection.run('generate a key', (session) => {
      const generation = { mechanism: row.keyGeneration };
      const fresh = module.C_GenerateKey(session, generation, secretKeyTemplate(template));
      try {
        if (!isDes) return this.#seal(spec, fresh, undefined, undefined);
        return this.#withSplitter(row, (splitter) => {
          const wrapped = this.#wrapEcb(splitter, fresh);
          return this.import(spec, splitter, wrapped.subarray(0, spec.lengthBytes), undefined);
        });
      } finally {
        this.#connection.destroyObject(fresh);
      }
    });
  }

  /** The key encrypted under `kek`, as long as the key is outside. */
  export(key: StoredKey, envelope: Envelope, kek: TokenKey): Buffer {
    return this.#connection.run('wrap a key for export', () => {
      const travelling = this.#wrapping.loadForTravel(key.algorithm, envelope);
      try {
        return Buffer.from(this.#wrapEcb(kek, travelling).subarray(0, envelope.lengthBytes));
      } finally {
        this.#connection.destroyObject(travelling);
      }
    });
  }

  /** Unwraps a key that came block by block under `kek`, checks it and stores it. */
  import(
    spec: CompleteSpec,
    kek: TokenKey,
    cryptogram: Uint8Array,
    checkValue: string | undefined,
  ): StoredKey {
    const { ciphers, unwrapStyle } = this.#connection.capabilities;
    const { keyType } = ciphers[spec.algorithm]!;
    const incoming = { keyType, extractable: true, encrypt: true };
    const mechanism = { mechanism: ciphers[kek.algorithm]!.ecb };
    return this.#connection.run('unwrap a key', () => {
      const unwrap = (wrapped: Buffer) =>
        unwrapKey(this.#connection, unwrapStyle, mechanism, kek.handle(), wrapped, incoming);
      const whole = unwrap(expandKey(spec.algorithm, cryptogram));
      const left = hasLeftHalf(spec)
        ? unwrap(expandKey('des', cryptogram.subarray(0, 8)))
        : undefined;
      try {
        return this.#seal(spec, whole, left, checkValue);
      } finally {
        this.#connection.destroyObject(whole);
        if (left !== undefined) this.#connection.destroyObject(left);
      }
    });
  }

  /** The bytes of an exportable key: wrapped under a key that this process knows for a moment. */
  carryOut<T>(key: StoredKey, envelope: Envelope, use: (clear: Buffer) => T): T {
    const { capabilities } = this.#connection;
    const row = capabilities.ciphers['3des'];
    if (row === undefined || capabilities.ecbWrapping['3des'] !== true) {
      throw new HsmError('unsupported', 'the token cannot wrap this key for another system');
    }
    return usedAndWiped(randomBytes(24), (value) => {
      const handle = this.#connection.createObject({ keyType: row.keyType, value, wrap: true });
      const carrier = this.#wrapper(row, handle);
      const known = new ProcessKey('3des', value);
      try {
        const clear = known.decryptEcb(this.export(key, envelope, carrier));
        return usedAndWiped(clear, use);
      } finally {
        known.wipe();
        carrier.destroy();
      }
    });
  }

  #wrapEcb(kek: TokenKey, key: Handle): Buffer {
    const { module, session, capabilities } = this.#connection;
    const mechanism = { mechanism: capabilities.ciphers[kek.algorithm]!.ecb };
    const room = Buffer.alloc(WRAPPED_ROOM_BYTES);
    return module.C_WrapKey(session, mechanism, kek.handle(), key, room);
  }

  /** A throw-away key inside, under which parts are wrapped apart. */
  #withSplitter<T>(row: CipherRow, use: (splitter: TokenKey) => T): T {
    const { module, session } = this.#connection;
    const template = secretKeyTemplate({ keyType: row.keyType, wrap: true, unwrap: true });
    const handle = module.C_GenerateKey(session, { mechanism: row.keyGeneration }, template);
    const splitter = this.#wrapper(row, handle);
    try {
      return use(splitter);
    } finally {
      splitter.destroy();
    }
  }

  #wrapper(row: CipherRow, handle: Handle): TokenKey {
    const connection = this.#connection;
    const resolve = () => handle;
    const key = new TokenKey({ connection, row, algorithm: '3des', lengthBytes: 24, resolve });
    key.handle();
    return key;
  }

  #seal(
    spec: CompleteSpec,
    whole: Handle,
    left: Handle | undefined,
    expected: string | undefined,
  ): StoredKey {
    const { algorithm, lengthBytes } = spec;
    const connection = this.#connection;
    const row = connection.capabilities.ciphers[algorithm]!;
    const resolve = () => whole;
    const inside = new TokenKey({ connection, row, algorithm, lengthBytes, resolve });
    const checkValue = checkValueOf(inside);
    requireCheckValue(checkValue, expected);
    const parts = left === undefined ? [whole] : [whole, left];
    const wrapped = Buffer.concat(parts.map((handle) => this.#wrapping.wrapObject(handle)));
    return this.#wrapping.seal(spec, { checkValue, touchable: false, wrapped });
  }
}
