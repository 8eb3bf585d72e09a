import { aesKeyUnwrap, aesKeyWrap } from '../aes-key-wrap.ts';
import type { Envelope } from '../envelope.ts';
import { openEnvelope, resealed, sealEnvelope } from '../envelope.ts';
import { cmac } from '../operations/mac.ts';
import type { KeyAlgorithm, KeySpec, StoredKey } from '../types.ts';
import type { Handle } from './binding.ts';
import type { Connection } from './connection.ts';
import { type KeyUse, secretKeyTemplate } from './templates.ts';
import { TokenKey } from './token-key.ts';
import { unwrapKey } from './unwrap.ts';

export type CompleteSpec = Required<KeySpec>;

/** Room for the longest wrapped key: 32 bytes of key, a block of padding or integrity. */
export const WRAPPED_ROOM_BYTES = 64;

/**
 * Stored keys under the token's masters: sealing and opening envelopes, and moving the wrapped
 * parts in and out of the token.
 *
 * A key is wrapped under the `wrapping` master, which cannot decrypt data, so that its bytes never
 * leave the token. Under the `touching` master it is wrapped where this process has to work with
 * its bytes: the token has no cipher for it, or no way to wrap it for another system.
 */
export class KeyWrapping {
  readonly #connection: Connection;
  /** The masters of each number that this process works with itself. */
  readonly #working = new Map<number, { touching: TokenKey; binding: TokenKey }>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  open(key: StoredKey): Envelope {
    return openEnvelope(key, this.#cmac);
  }

  seal(
    spec: CompleteSpec,
    sealed: {
      checkValue: string;
      publicKey?: string | undefined;
      touchable: boolean;
      wrapped: Buffer;
    },
  ): StoredKey {
    const { publicKey, ...rest } = sealed;
    const input = { spec, ...rest, masterNumber: this.#newest };
    return sealEnvelope(publicKey === undefined ? input : { ...input, publicKey }, this.#cmac);
  }

  /** Must this process touch the bytes of such a key? */
  isTouchable(spec: CompleteSpec): boolean {
    const { ciphers, ecbWrapping } = this.#connection.capabilities;
    if (ciphers[spec.algorithm] === undefined) return true;
    return spec.exportable && ecbWrapping[spec.algorithm] !== true;
  }

  /** Wraps known bytes; the caller wipes them. */
  wrapClear(algorithm: KeyAlgorithm, value: Buffer, touchable: boolean): Buffer {
    if (touchable) return this.#wrapTouched(value, this.#newest);
    const { keyType } = this.#connection.capabilities.ciphers[algorithm]!;
    return this.#connection.run('store a key', () => {
      const handle = this.#connection.createObject({ keyType, value, extractable: true });
      try {
        return this.wrapObject(handle);
      } finally {
        this.#connection.destroyObject(handle);
      }
    });
  }

  wrapObject(handle: Handle): Buffer {
    return this.#wrapUnder(this.#newest, handle);
  }

  #wrapUnder(masterNumber: number, handle: Handle): Buffer {
    const { module, session, masters, capabilities } = this.#connection;
    const room = Buffer.alloc(WRAPPED_ROOM_BYTES);
    const { wrapping } = masters.get(masterNumber);
    return Buffer.from(module.C_WrapKey(session, capabilities.storage, wrapping, handle, room));
  }

  /** The same key under this master: unwrapped and wrapped inside, or touched here and wiped. */
  rewrap(key: StoredKey, masterNumber: number): StoredKey {
    const envelope = this.open(key);
    if (envelope.masterNumber === masterNumber) return key;
    const parts = partsOf(envelope).map((part) => {
      if (envelope.touchable) {
        return usedAndWiped(this.#unwrapTouched(part, envelope.masterNumber), (bytes) =>
          this.#wrapTouched(bytes, masterNumber),
        );
      }
      return this.#connection.run('wrap a key anew', () => {
        const handle = this.#unwrap(key.algorithm, envelope, part, {}, true);
        try {
          return this.#wrapUnder(masterNumber, handle);
        } finally {
          this.#connection.destroyObject(handle);
        }
      });
    });
    return sealEnvelope(resealed(key, envelope, masterNumber, Buffer.concat(parts)), this.#cmac);
  }

  /** A part of an envelope as an object of the session that does what `use` says and cannot leave. */
  load(algorithm: KeyAlgorithm, envelope: Envelope, part: Buffer, use: KeyUse): Handle {
    if (!envelope.touchable) return this.#unwrap(algorithm, envelope, part, use, false);
    const { module, session, masters, capabilities } = this.#connection;
    const { keyType } = capabilities.ciphers[algorithm]!;
    if (capabilities.storageName === 'aes-key-wrap') {
      const { touching } = masters.get(envelope.masterNumber);
      const { storage, unwrapStyle } = capabilities;
      const spec = { keyType, ...use };
      return unwrapKey(this.#connection, unwrapStyle, storage, touching, part, spec);
    }
    return usedAndWiped(this.#unwrapTouched(part, envelope.masterNumber), (value) =>
      module.C_CreateObject(session, secretKeyTemplate({ keyType, value, ...use })),
    );
  }

  /** The key as an object that may leave, wrapped, and does nothing else. The caller destroys it. */
  loadForTravel(algorithm: KeyAlgorithm, envelope: Envelope): Handle {
    return this.#unwrap(algorithm, envelope, partsOf(envelope)[0]!, {}, true);
  }

  /** Calls `use` with the bytes of a touchable key and wipes them. */
  withTouched<T>(envelope: Envelope, use: (clear: Buffer) => T): T {
    const [part] = partsOf(envelope);
    return usedAndWiped(this.#unwrapTouched(part!, envelope.masterNumber), (bytes) =>
      use(bytes.subarray(0, envelope.lengthBytes)),
    );
  }

  #unwrap(
    algorithm: KeyAlgorithm,
    { masterNumber }: Envelope,
    part: Buffer,
    use: KeyUse,
    extractable: boolean,
  ): Handle {
    const { masters, capabilities } = this.#connection;
    const { keyType } = capabilities.ciphers[algorithm]!;
    const { storage, unwrapStyle } = capabilities;
    const { wrapping } = masters.get(masterNumber);
    const spec = { keyType, extractable, ...use };
    return unwrapKey(this.#connection, unwrapStyle, storage, wrapping, part, spec);
  }

  #wrapTouched(value: Buffer, masterNumber: number): Buffer {
    const { touching } = this.#workingMasters(masterNumber);
    return aesKeyWrap((block) => touching.encryptEcb(block), value);
  }

  #unwrapTouched(part: Buffer, masterNumber: number): Buffer {
    const { touching } = this.#workingMasters(masterNumber);
    return aesKeyUnwrap((block) => touching.decryptEcb(block), part);
  }

  get #newest(): number {
    return this.#connection.masters.newest;
  }

  #workingMasters(number: number): { touching: TokenKey; binding: TokenKey } {
    let working = this.#working.get(number);
    if (working === undefined) {
      this.#connection.run('find a master', () => this.#connection.masters.get(number));
      working = {
        touching: this.#masterKey('touching', number),
        binding: this.#masterKey('binding', number),
      };
      this.#working.set(number, working);
    }
    return working;
  }

  #masterKey(name: 'touching' | 'binding', number: number): TokenKey {
    const connection = this.#connection;
    return new TokenKey({
      connection,
      row: connection.capabilities.ciphers.aes!,
      algorithm: 'aes',
      lengthBytes: 32,
      resolve: () => connection.masters.get(number)[name],
    });
  }

  readonly #cmac = (masterNumber: number, data: Buffer): Buffer =>
    cmac(this.#workingMasters(masterNumber).binding, data);
}

/** X9.19 and card-update MACs work with the first half alone, which is stored beside the whole. */
export function hasLeftHalf(spec: CompleteSpec): boolean {
  return (
    spec.algorithm === '3des' && (spec.purpose === 'mac' || spec.purpose === 'epurse-maintenance')
  );
}

/** The wrapped parts of an envelope: the whole key, and its left half where there is one. */
export function partsOf(envelope: Envelope): Buffer[] {
  const { wrapped } = envelope;
  if (wrapped.length < 2 * SHORTEST_DES_PART_BYTES) return [wrapped];
  const half = wrapped.length / 2;
  return [wrapped.subarray(0, half), wrapped.subarray(half)];
}

/** 24 bytes of key and 8 more of RFC 3394 or of padding. No single part is twice as long. */
const SHORTEST_DES_PART_BYTES = 32;

export function usedAndWiped<T>(bytes: Buffer, use: (bytes: Buffer) => T): T {
  try {
    return use(bytes);
  } finally {
    bytes.fill(0);
  }
}
