import { asBuffer } from '../bytes.ts';
import type { Handle } from './binding.ts';
import type { Connection } from './connection.ts';
import { CKF } from './constants.ts';
import type { TokenKey } from './token-key.ts';

/**
 * Operations that stay open, each in a session of its own, so that a MAC or a decrypted PIN block
 * costs one C_EncryptUpdate or C_DecryptUpdate and no Init: two to nine times faster, depending on
 * the token.
 *
 * `mac` is CBC: it goes on from the last block that it gave out. Xoring that block into the next
 * input cancels it, so that every MAC starts from zero. `decrypt` is ECB, which remembers nothing. A
 * full set passes a stream on when its owner did not use it since the hand last came by (second
 * chance).
 */
export type StreamKind = 'mac' | 'decrypt';

export interface OpenStream {
  kind: StreamKind;
  session: Handle;
  owner: TokenKey;
  /** The last block that came out of a `mac`. */
  state: Buffer;
  used: boolean;
}

export class OpenStreams {
  readonly #connection: Connection;
  #limit: number;
  #streams: OpenStream[] = [];
  #idleSessions: Handle[] = [];
  #hand = 0;

  constructor(connection: Connection, limit: number) {
    this.#connection = connection;
    this.#limit = limit;
  }

  get size(): number {
    return this.#streams.length;
  }

  /** A stream for this key, or undefined when all of them are busy with other keys. */
  take(owner: TokenKey, kind: StreamKind): OpenStream | undefined {
    if (this.#streams.length >= this.#limit) this.#makeRoom();
    if (this.#streams.length >= this.#limit) return undefined;
    const session = this.#idleSessions.pop() ?? this.#openSession();
    if (session === undefined) return undefined;
    const state = Buffer.alloc(owner.blockBytes);
    try {
      owner.startStream(session, kind);
    } catch (error) {
      this.#closeSession(session);
      throw error;
    }
    const stream = { kind, session, owner, state, used: true };
    this.#streams.push(stream);
    return stream;
  }

  /** The last block of the data's CBC encryption from zero. */
  mac(stream: OpenStream, data: Uint8Array): Buffer {
    stream.used = true;
    const { state } = stream;
    const blockBytes = state.length;
    const input = Buffer.allocUnsafe(data.length);
    input.set(data);
    for (let i = 0; i < blockBytes; i++) input[i]! ^= state[i]!;
    const output = this.#connection.module.C_EncryptUpdate(
      stream.session,
      input,
      Buffer.allocUnsafe(data.length),
    );
    const last = output.subarray(output.length - blockBytes);
    state.set(last);
    return last;
  }

  /** Whole blocks, each by itself. */
  decrypt(stream: OpenStream, data: Uint8Array): Buffer {
    stream.used = true;
    const output = Buffer.allocUnsafe(data.length);
    return this.#connection.module.C_DecryptUpdate(stream.session, asBuffer(data), output);
  }

  /** The owner's key goes away: its session may serve another. */
  release(stream: OpenStream): void {
    const at = this.#streams.indexOf(stream);
    if (at === -1) return;
    this.#streams.splice(at, 1);
    try {
      const { module } = this.#connection;
      if (stream.kind === 'mac') module.C_EncryptFinal(stream.session, Buffer.alloc(16));
      else module.C_DecryptFinal(stream.session, Buffer.alloc(16));
      this.#idleSessions.push(stream.session);
    } catch {
      this.#closeSession(stream.session);
    }
  }

  close(): void {
    for (const stream of this.#streams) {
      stream.owner.streamClosed(stream.kind);
      this.#closeSession(stream.session);
    }
    for (const session of this.#idleSessions) this.#closeSession(session);
    this.#streams = [];
    this.#idleSessions = [];
    this.#hand = 0;
  }

  #makeRoom(): void {
    if (this.#limit === 0) return;
    this.#hand %= this.#streams.length;
    const stream = this.#streams[this.#hand]!;
    this.#hand++;
    if (stream.used) {
      stream.used = false;
      return;
    }
    stream.owner.streamClosed(stream.kind);
    this.release(stream);
  }

  #openSession(): Handle | undefined {
    try {
      return this.#connection.module.C_OpenSession(
        this.#connection.token.slot,
        CKF.SERIAL_SESSION | CKF.RW_SESSION,
      );
    } catch {
      // The token has no more sessions: work with those there are.
      this.#limit = this.#streams.length;
      return undefined;
    }
  }

  #closeSession(session: Handle): void {
    try {
      this.#connection.module.C_CloseSession(session);
    } catch {
      // Lost already.
    }
  }
}
