/**
 * One terminal's connection: bytes become frames, frames go to the handler, answers go back.
 *
 * Answers leave in the order in which they are ready; a terminal waits for one at a time. A peer
 * that sends faster than it is answered is not read from until answers have left (`inFlightMax`),
 * and one that does not take its answers is cut (`unsentBytesMax`). Nothing it sends can hurt
 * another connection.
 */
import type { Socket } from 'node:net';
import { ProtocolError } from '../../protocols/error.ts';
import { FrameParser } from '../../protocols/framing/frame-parser.ts';
import type { Framing } from '../../protocols/framing/framing.ts';

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
  /** Called once, with the reason: `peer`, `idle`, `slow-frame`, `bad-frame`, `slow-reader`, `drain`. */
  closed: (connection: Connection, reason: string, error?: ProtocolError) => void;
}

export class Connection {
  readonly remote: string;
  readonly #socket: Socket;
  readonly #parser: FrameParser;
  readonly #limits: ConnectionLimits;
  readonly #events: ConnectionEvents;
  #inFlight = 0;
  #lastActivityMs: number;
  #frameStartedMs = 0;
  #answers: Buffer[] = [];
  #closed = false;
  #draining = false;

  constructor(
    socket: Socket,
    framing: Framing,
    limits: ConnectionLimits,
    events: ConnectionEvents,
    nowMs: number,
  ) {
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#socket = socket;
    this.#parser = new FrameParser(framing);
    this.#limits = limits;
    this.#events = events;
    this.#lastActivityMs = nowMs;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', () => this.#close('peer'));
    socket.on('close', () => this.#close('peer'));
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
    const idle = this.#inFlight === 0 && nowMs - this.#lastActivityMs > this.#limits.idleTimeoutMs;
    if (idle) this.#close('idle');
  }

  /** Stops reading; closes as soon as everything that was asked is answered. */
  drain(): void {
    this.#draining = true;
    this.#socket.pause();
    if (this.#inFlight === 0) this.#finish();
  }

  /** Closes at once, whatever the peer still waits for. */
  cut(): void {
    this.#close('drain');
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    this.#lastActivityMs = performance.now();
    try {
      this.#parser.push(chunk, (frame) => this.#start(frame));
    } catch (error) {
      this.#fail(error);
    }
    if (this.#inFlight >= this.#limits.inFlightMax) this.#socket.pause();
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
    if (this.#draining) {
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

  #finish(): void {
    this.#flush();
    this.#socket.end(() => this.#close('drain'));
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
