/** A terminal's TCP connection: one request at a time, an answer or a reason why there is none. */
import { connect, type Socket } from 'node:net';
import { FrameParser } from '../../protocols/framing/frame-parser.ts';
import type { Framing } from '../../protocols/framing/framing.ts';

/** Why a terminal has no answer: nothing came in time, or the connection ended. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly reason: 'timeout' | 'disconnected' | 'refused';

  constructor(reason: 'timeout' | 'disconnected' | 'refused') {
    super(`no answer: ${reason}`);
    this.reason = reason;
  }
}

export interface LinkOptions {
  host: string;
  port: number;
  framing: Framing;
}

interface Waiting {
  wanted: (frame: Uint8Array) => boolean;
  resolve: (frame: Uint8Array) => void;
  reject: (error: NoAnswer) => void;
  timer: NodeJS.Timeout;
}

export class TerminalLink {
  readonly #options: LinkOptions;
  #socket: Socket | null = null;
  #waiting: Waiting | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /**
   * Sends bytes and waits for the first frame that is wanted; others (late answers) are dropped.
   * Throws NoAnswer. Opens the connection when there is none.
   */
  async exchange(
    bytes: Uint8Array,
    wanted: (frame: Uint8Array) => boolean,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    const socket = this.#socket ?? (await this.#open());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new NoAnswer('timeout')), timeoutMs);
      this.#waiting = { wanted, resolve, reject, timer };
      socket.write(bytes);
    });
  }

  /** Sends bytes and cuts the line at once: what a power failure looks like to the switch. */
  async sendAndBreak(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket ?? (await this.#open());
    await new Promise<void>((sent) => socket.write(bytes, () => sent()));
    this.close();
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
    this.#fail(new NoAnswer('disconnected'));
  }

  #open(): Promise<Socket> {
    const { host, port, framing } = this.#options;
    const parser = new FrameParser(framing);
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      socket.once('connect', () => {
        this.#socket = socket;
        resolve(socket);
      });
      socket.on('data', (chunk) => parser.push(chunk, (frame) => this.#receive(frame)));
      socket.on('error', () => reject(new NoAnswer('refused')));
      socket.on('close', () => {
        if (this.#socket === socket) this.close();
      });
    });
  }

  #receive(frame: Uint8Array): void {
    const waiting = this.#waiting;
    if (waiting === null || !waiting.wanted(frame)) return;
    this.#waiting = null;
    clearTimeout(waiting.timer);
    waiting.resolve(frame);
  }

  #fail(error: NoAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    clearTimeout(waiting.timer);
    waiting.reject(error);
  }
}
