/** One TCP connection to a host, whoever opened it: bytes to frames, and what is under way on it. */
import type { Socket } from 'node:net';
import { ProtocolError } from '../../protocols/error.ts';
import { FrameParser } from '../../protocols/framing/frame-parser.ts';
import type { Framing } from '../../protocols/framing/framing.ts';

export interface LinkEvents {
  frame: (link: Link, frame: Uint8Array) => void;
  /** Called once. */
  closed: (link: Link, reason: string) => void;
}

/** Bytes that a host does not take pile up to this, then the link is closed. */
const UNSENT_BYTES_MAX = 4 << 20;

export class Link {
  readonly remote: string;
  readonly #socket: Socket;
  readonly #parser: FrameParser;
  readonly #events: LinkEvents;
  #closed = false;
  /** Requests that wait for their answer on this link. */
  inFlight = 0;
  /** Requests that will go out here as soon as their bytes are made. */
  reserved = 0;
  /** When bytes came last, on the monotonic clock. */
  lastReceivedMs: number;
  /** An echo test is under way. */
  echoing = false;
  #second = 0;
  #sentInSecond = 0;

  constructor(socket: Socket, framing: Framing, nowMs: number, events: LinkEvents) {
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#socket = socket;
    this.#parser = new FrameParser(framing);
    this.#events = events;
    this.lastReceivedMs = nowMs;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', () => this.close('peer'));
    socket.on('close', () => this.close('peer'));
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  /** Whether another request may go out now. `perSecondMax` 0: no limit. */
  hasRoom(inFlightMax: number, perSecondMax: number, nowMs: number): boolean {
    if (this.#closed || this.inFlight + this.reserved >= inFlightMax) return false;
    if (perSecondMax === 0) return true;
    const sent = Math.floor(nowMs / 1_000) === this.#second ? this.#sentInSecond : 0;
    return sent + this.reserved < perSecondMax;
  }

  send(bytes: Uint8Array, nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#sentInSecond = 0;
    }
    this.#sentInSecond++;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > UNSENT_BYTES_MAX) this.close('slow-reader');
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#events.closed(this, reason);
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    this.lastReceivedMs = performance.now();
    try {
      this.#parser.push(chunk, (frame) => this.#events.frame(this, frame));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close('bad-frame');
    }
  }
}
