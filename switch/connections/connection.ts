/**
 * One terminal's connection: bytes become frames, frames go to the handler, answers go back.
 *
 * Answers leave in the order in which they are ready; a terminal waits for one at a time. A peer
 * that sends faster than it is answered has `inFlightMax` frames under way and no more is read from it,
 * and one that does not take its answers is cut (`unsentBytesMax`). One that has said all it will
 * say (a half-closed connection) still gets its answers. Nothing it sends can hurt another connection.
 */
import type { Socket } from 'node:net';
import { ProtocolError } from '../../protocols/error.ts';
import { FrameParser } from '../../protocols/framing/frame-parser.ts';
import type { Framing } from '../../protocols/framing/framing.ts';
import { duplicateDescriptor } from './duplicate-descriptor.ts';
import { plainAddress } from './sources.ts';

/** A live connection on its way to another worker: its descriptor, and what was read but not used. */
export interface MovedConnection {
  fd: number;
  pending: Uint8Array;
}

export interface ConnectionLimits {
  inFlightMax: number;
  unsentBytesMax: number;
  idleTimeoutMs: number;
  frameTimeoutMs: number;
}

/**
 * What is done with a frame: the whole answer with its length prefix, or null for none. A
 * ProtocolError costs the sender this connection; any other error is ours and stops the worker.
 */
export type FrameHandler = (frame: Uint8Array, connection: Connection) => Promise<Buffer | null>;

export interface ConnectionEvents {
  handle: FrameHandler;
  /** Called once, with the reason: `peer`, `idle`, `slow-frame`, `bad-frame`, `slow-reader`, `drain`, `moved`, `source`. */
  closed: (connection: Connection, reason: string, error?: ProtocolError) => void;
}

export class Connection {
  readonly remote: string;
  readonly address: string;
  readonly #socket: Socket;
  readonly #parser: FrameParser;
  readonly #limits: ConnectionLimits;
  readonly #events: ConnectionEvents;
  #idleTimeoutMs: number;
  #inFlight = 0;
  /** Whole frames that arrived while the peer had enough under way: at most what one read brings. */
  #queued: Uint8Array[] = [];
  #lastActivityMs: number;
  #frameStartedMs = 0;
  #answers: Buffer[] = [];
  #closed = false;
  /** No more requests are taken: why the connection closes when all are answered. */
  #ending: 'drain' | 'peer' | null = null;
  #moved: ((moved: MovedConnection) => void) | null = null;

  constructor(
    socket: Socket,
    framing: Framing,
    limits: ConnectionLimits,
    events: ConnectionEvents,
    nowMs: number,
  ) {
    this.address = plainAddress(socket.remoteAddress);
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#socket = socket;
    this.#parser = new FrameParser(framing);
    this.#limits = limits;
    this.#idleTimeoutMs = limits.idleTimeoutMs;
    this.#events = events;
    this.#lastActivityMs = nowMs;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('end', () => this.#endWith('peer'));
    socket.on('error', () => this.#close('peer'));
    socket.on('close', () => this.#close('peer'));
  }

  /** Bytes that another worker read of this connection before it moved here. */
  goOnFrom(pending: Uint8Array): void {
    if (pending.length > 0) this.#receive(Buffer.from(pending));
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Called by the one timer of the listener; `nowMs` is monotonic. */
  sweep(nowMs: number): void {
    if (this.#parser.pendingBytes > 0) {
      if (this.#frameStartedMs === 0) this.#frameStartedMs = nowMs;
      if (nowMs - this.#frameStartedMs > this.#limits.frameTimeoutMs) this.#close('slow-frame');
      return;
    }
    this.#frameStartedMs = 0;
    const idle = this.#inFlight === 0 && nowMs - this.#lastActivityMs > this.#idleTimeoutMs;
    if (idle) this.#close('idle');
  }

  /** From now on it may be silent no longer than this. */
  limitIdle(timeoutMs: number): void {
    this.#idleTimeoutMs = Math.min(this.#idleTimeoutMs, timeoutMs);
  }

  /** Stops reading; closes as soon as everything that was asked is answered. */
  drain(): void {
    this.#socket.pause();
    this.#endWith('drain');
  }

  #endWith(reason: 'drain' | 'peer'): void {
    this.#ending ??= reason;
    if (this.#inFlight === 0) this.#finish();
  }

  /**
   * Stops reading; as soon as everything that was asked is answered, the connection leaves this
   * thread without its peer noticing. `taken` is not called when the peer closes before.
   */
  move(taken: (moved: MovedConnection) => void): void {
    this.#moved = taken;
    this.#socket.pause();
    if (this.#inFlight === 0) this.#leave();
  }

  /** Closes at once, whatever the peer still waits for. */
  cut(reason: 'drain' | 'source' = 'drain'): void {
    this.#close(reason);
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    this.#lastActivityMs = performance.now();
    try {
      this.#parser.push(chunk, (frame) => this.#take(frame));
    } catch (error) {
      this.#fail(error);
    }
    if (this.#inFlight >= this.#limits.inFlightMax) this.#socket.pause();
  }

  /** Starts a frame, or keeps it until answers have left: one peer cannot crowd out the others. */
  #take(frame: Uint8Array): void {
    if (this.#inFlight < this.#limits.inFlightMax) this.#start(frame);
    else this.#queued.push(frame);
  }

  #start(frame: Uint8Array): void {
    this.#frameStartedMs = 0;
    this.#inFlight++;
    this.#events.handle(frame, this).then(
      (answer) => this.#finishOne(answer),
      (error) => {
        this.#inFlight--;
        this.#fail(error);
      },
    );
  }

  #finishOne(answer: Buffer | null): void {
    this.#inFlight--;
    if (this.#closed) return;
    if (answer !== null) this.#send(answer);
    const waiting = this.#queued.shift();
    if (waiting !== undefined) {
      this.#start(waiting);
      return;
    }
    if (this.#moved !== null) {
      if (this.#inFlight === 0) this.#leave();
    } else if (this.#ending !== null) {
      if (this.#inFlight === 0) this.#finish();
    } else if (this.#inFlight === this.#limits.inFlightMax - 1) {
      this.#socket.resume();
    }
  }

  /** Answers that become ready in one turn leave in one write. */
  #send(answer: Buffer): void {
    if (this.#answers.length === 0) queueMicrotask(() => this.#flush());
    this.#answers.push(answer);
  }

  #flush(): void {
    const answers = this.#answers;
    this.#answers = [];
    if (this.#closed || answers.length === 0) return;
    this.#lastActivityMs = performance.now();
    this.#socket.write(answers.length === 1 ? answers[0]! : Buffer.concat(answers));
    if (this.#socket.writableLength > this.#limits.unsentBytesMax) this.#close('slow-reader');
  }

  /** Waits until the last answer is with the system, then gives the connection away. */
  #leave(): void {
    this.#flush();
    if (this.#closed || this.#moved === null) return;
    if (this.#socket.writableLength > 0) {
      setImmediate(() => this.#leave());
      return;
    }
    const unused: Uint8Array[] = [this.#parser.pending()];
    for (let chunk = this.#socket.read(); chunk !== null; chunk = this.#socket.read()) {
      unused.push(chunk as Buffer);
    }
    const { _handle: handle } = this.#socket as unknown as { _handle: { fd: number } };
    this.#moved({ fd: duplicateDescriptor(handle.fd), pending: Buffer.concat(unused) });
    this.#close('moved');
  }

  #finish(): void {
    this.#flush();
    this.#socket.end(() => this.#close(this.#ending ?? 'drain'));
  }

  #fail(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.#close('bad-frame', error);
  }

  #close(reason: string, error?: ProtocolError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#events.closed(this, reason, error);
  }
}
