import { asBuffer, requireThat, requireWholeBlocks, zeroBlock } from '../bytes.ts';
import type { KeyAlgorithm } from '../types.ts';
import type { CipherKey } from '../vault.ts';
import type { Handle, Mechanism } from './binding.ts';
import type { CipherRow } from './cipher-rows.ts';
import type { Connection } from './connection.ts';
import { isLost, translate } from './errors.ts';
import type { OpenStream, StreamKind } from './open-streams.ts';

/** How a key object is brought into the current session: unwrapped, or a permanent one looked up. */
export type ResolveHandle = () => Handle;

/** A key inside the token. Its handle is renewed by itself when the session had to be. */
export class TokenKey implements CipherKey {
  readonly algorithm: KeyAlgorithm;
  readonly lengthBytes: number;
  readonly blockBytes: 8 | 16;
  readonly #connection: Connection;
  readonly #row: CipherRow;
  readonly #resolve: ResolveHandle;
  readonly #left: TokenKey | undefined;
  readonly #ecb: Mechanism;
  readonly #cbcFromZero: Mechanism;
  #handle: Handle | undefined;
  #generation = 0;
  readonly #streams: Partial<Record<StreamKind, OpenStream | undefined>> = {};

  constructor(options: {
    connection: Connection;
    row: CipherRow;
    algorithm: KeyAlgorithm;
    lengthBytes: number;
    resolve: ResolveHandle;
    left?: TokenKey | undefined;
  }) {
    this.#connection = options.connection;
    this.#row = options.row;
    this.#resolve = options.resolve;
    this.#left = options.left;
    this.algorithm = options.algorithm;
    this.lengthBytes = options.lengthBytes;
    this.blockBytes = options.row.blockBytes;
    this.#ecb = { mechanism: options.row.ecb };
    this.#cbcFromZero = { mechanism: options.row.cbc, parameter: zeroBlock(this.blockBytes) };
  }

  /** The object in the current session. Call it inside Connection.run only. */
  handle(): Handle {
    if (this.#handle === undefined || this.#generation !== this.#connection.generation) {
      this.#handle = this.#resolve();
      this.#generation = this.#connection.generation;
      this.#streams.mac = undefined;
      this.#streams.decrypt = undefined;
    }
    return this.#handle;
  }

  /** One block is the same in ECB and in CBC from zero, and an open stream is the faster way. */
  encryptEcb(data: Uint8Array): Buffer {
    const byStream = data.length === this.blockBytes ? this.#byStream('mac', data) : undefined;
    return byStream ?? this.#encrypt(this.#ecb, data);
  }

  decryptEcb(data: Uint8Array): Buffer {
    requireWholeBlocks(data, this.blockBytes);
    const { decryptStreams } = this.#connection.capabilities;
    const byStream = decryptStreams ? this.#byStream('decrypt', data) : undefined;
    return byStream ?? this.#decrypt(this.#ecb, data);
  }

  encryptCbc(data: Uint8Array, initial: Uint8Array): Buffer {
    return this.#encrypt({ mechanism: this.#row.cbc, parameter: asBuffer(initial) }, data);
  }

  decryptCbc(data: Uint8Array, initial: Uint8Array): Buffer {
    return this.#decrypt({ mechanism: this.#row.cbc, parameter: asBuffer(initial) }, data);
  }

  cbcMac(data: Uint8Array): Buffer {
    requireWholeBlocks(data, this.blockBytes);
    const byStream = this.#byStream('mac', data);
    if (byStream !== undefined) return byStream;
    const encrypted = this.#encrypt(this.#cbcFromZero, data);
    return encrypted.subarray(encrypted.length - this.blockBytes);
  }

  leftHalf(): TokenKey {
    requireThat(this.#left !== undefined, 'this key was stored without a left half');
    return this.#left;
  }

  tokenCmac(data: Uint8Array): Buffer | undefined {
    const mechanism = this.#row.cmac;
    // SoftHSM refuses to sign nothing at all.
    if (mechanism === undefined || data.length === 0) return undefined;
    return this.#connection.run('CMAC', (session) => {
      this.#connection.module.C_SignInit(session, { mechanism }, this.handle());
      return this.#connection.module.C_Sign(
        session,
        asBuffer(data),
        Buffer.allocUnsafe(this.blockBytes),
      );
    });
  }

  /** Opens an operation in a session that the caller keeps. */
  startStream(session: Handle, kind: StreamKind): void {
    const { module } = this.#connection;
    if (kind === 'mac') module.C_EncryptInit(session, this.#cbcFromZero, this.handle());
    else module.C_DecryptInit(session, this.#ecb, this.handle());
  }

  streamClosed(kind: StreamKind): void {
    this.#streams[kind] = undefined;
  }

  /** The cache dropped this key. */
  destroy(): void {
    for (const kind of ['mac', 'decrypt'] as const) {
      const stream = this.#streams[kind];
      if (stream !== undefined) this.#connection.streams.release(stream);
      this.#streams[kind] = undefined;
    }
    if (this.#handle !== undefined && this.#generation === this.#connection.generation) {
      this.#connection.destroyObject(this.#handle);
    }
    this.#handle = undefined;
    this.#left?.destroy();
  }

  /** Undefined where no stream is to be had: the plain way comes next. */
  #byStream(kind: StreamKind, data: Uint8Array): Buffer | undefined {
    const { streams } = this.#connection;
    let stream = this.#streams[kind];
    try {
      if (stream === undefined || this.#generation !== this.#connection.generation) {
        if (this.#connection.problem !== undefined) return undefined;
        stream = streams.take(this, kind);
        this.#streams[kind] = stream;
        if (stream === undefined) return undefined;
      }
      return kind === 'mac' ? streams.mac(stream, data) : streams.decrypt(stream, data);
    } catch (error) {
      if (stream !== undefined) streams.release(stream);
      this.#streams[kind] = undefined;
      // The plain way finds out whether the session is lost, and repairs it.
      if (isLost(error)) return undefined;
      throw translate(error, kind === 'mac' ? 'MAC' : 'decrypt');
    }
  }

  #encrypt(mechanism: Mechanism, data: Uint8Array): Buffer {
    requireWholeBlocks(data, this.blockBytes);
    const { module } = this.#connection;
    return this.#connection.run('encrypt', (session) => {
      module.C_EncryptInit(session, mechanism, this.handle());
      return module.C_Encrypt(session, asBuffer(data), Buffer.allocUnsafe(data.length));
    });
  }

  #decrypt(mechanism: Mechanism, data: Uint8Array): Buffer {
    requireWholeBlocks(data, this.blockBytes);
    const { module } = this.#connection;
    return this.#connection.run('decrypt', (session) => {
      module.C_DecryptInit(session, mechanism, this.handle());
      return module.C_Decrypt(session, asBuffer(data), Buffer.allocUnsafe(data.length));
    });
  }
}
