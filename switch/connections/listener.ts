/**
 * Accepts terminals on a listening socket that all switch workers share: the main thread binds it
 * and owns its file descriptor, every worker accepts from it, the kernel spreads the connections.
 */
import { createServer, type Server } from 'node:net';
import type { Framing } from '../../protocols/framing/framing.ts';
import { Connection, type ConnectionEvents, type ConnectionLimits } from './connection.ts';

/** One timer serves the time-outs of all connections; they need no finer resolution. */
const SWEEP_INTERVAL_MS = 1_000;

/** How long a peer has to take its last answers when the switch stops. */
const DRAIN_TIMEOUT_MS = 5_000;

export interface ListenerOptions {
  /** The file descriptor of a bound socket. It stays the property of the main thread. */
  fd: number;
  framing: Framing;
  limits: ConnectionLimits;
  connectionsMax: number;
  events: ConnectionEvents & { accepted: (connection: Connection) => void };
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #connections = new Set<Connection>();
  readonly #server: Server;
  readonly #timer: NodeJS.Timeout;
  #draining: (() => void) | null = null;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer({ keepAlive: true }, (socket) => this.#accept(socket));
    this.#timer = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Resolves when this thread accepts; rejects when the socket cannot be listened on. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ fd: this.#options.fd, backlog: 4096 }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /**
   * Takes no new connection or message (a peer that does not take its answers is cut in the end), answers what was asked, then resolves. The server is not
   * closed here: that would close the descriptor under the other workers. The process's end does it.
   */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#draining = resolve;
      for (const connection of this.#connections) connection.drain();
      if (this.#connections.size === 0) resolve();
      setTimeout(() => {
        for (const connection of this.#connections) connection.cut();
      }, DRAIN_TIMEOUT_MS);
    });
  }

  #accept(socket: import('node:net').Socket): void {
    const { framing, limits, events, connectionsMax } = this.#options;
    if (this.#draining !== null || this.#connections.size >= connectionsMax) {
      socket.destroy();
      return;
    }
    const connection = new Connection(
      socket,
      framing,
      limits,
      {
        handle: events.handle,
        closed: (closed, reason, error) => {
          this.#connections.delete(closed);
          events.closed(closed, reason, error);
          if (this.#draining !== null && this.#connections.size === 0) this.#draining();
        },
      },
      performance.now(),
    );
    this.#connections.add(connection);
    events.accepted(connection);
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.sweep(nowMs);
  }
}
