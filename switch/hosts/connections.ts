/** How links come to be: we connect and connect again, or the host connects to us. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { HostConfig } from '../../config/schema.ts';

/** Gives open sockets to the host until it is stopped. */
export interface LinkSource {
  start(): void;
  /** A link of this source has ended: a source that opens them opens another. */
  lost(): void;
  stop(): void;
}

type Opened = (socket: Socket) => void;

/** Waits longer after each attempt in vain; not all at once after a host's restart. */
export function backOffMs(attempt: number, firstMs: number, maxMs: number): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 20));
  return Math.round(full * (0.75 + Math.random() / 2));
}

/** Keeps one connection to one address open. */
export class ConnectingSource implements LinkSource {
  readonly #config: HostConfig;
  readonly #to: { address: string; port: number };
  readonly #opened: Opened;
  #attempts = 0;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(config: HostConfig, to: { address: string; port: number }, opened: Opened) {
    this.#config = config;
    this.#to = to;
    this.#opened = opened;
  }

  start(): void {
    openSocket(this.#to, this.#config.connectTimeoutMs).then(
      (socket) => {
        if (this.#stopped) {
          socket.destroy();
          return;
        }
        this.#attempts = 0;
        this.#opened(socket);
      },
      () => this.lost(),
    );
  }

  lost(): void {
    if (this.#stopped) return;
    const { firstMs, maxMs } = this.#config.reconnect;
    this.#timer = setTimeout(() => this.start(), backOffMs(this.#attempts++, firstMs, maxMs));
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}

/** Takes connections of the host. */
export class ListeningSource implements LinkSource {
  readonly #config: HostConfig;
  readonly #opened: Opened;
  readonly #server: Server;
  #open = 0;

  constructor(config: HostConfig, opened: Opened) {
    this.#config = config;
    this.#opened = opened;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  start(): void {
    const { address, port } = this.#config.listen!;
    this.#server.listen(port, address);
  }

  /** Resolves when it listens; rejects when the address cannot be had. */
  ready(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.once('listening', () => {
        const bound = this.#server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
      });
    });
  }

  lost(): void {
    this.#open--;
  }

  stop(): void {
    this.#server.close();
  }

  #accept(socket: Socket): void {
    const { links, listen } = this.#config;
    const from = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const welcome = listen?.sources === undefined || listen.sources.includes(from);
    if (!welcome || this.#open >= links) {
      socket.destroy();
      return;
    }
    this.#open++;
    this.#opened(socket);
  }
}

/** Rejects when the address does not answer in time. */
export function openSocket(
  { address, port }: { address: string; port: number },
  timeoutMs: number,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true, keepAlive: true });
    const timer = setTimeout(() => socket.destroy(new Error('no connection in time')), timeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** Rejects when the address cannot be listened on. */
export function tryListening({ address, port }: { address: string; port: number }): Promise<void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => server.close(() => resolve()));
  });
}
