/**
 * Accepts terminals on a listening socket that all switch workers share: the main thread binds it,
 * every worker accepts from it, the kernel spreads the connections.
 */
import { createServer, type Server, Socket } from 'node:net';
import type { Framing } from '../../protocols/framing/framing.ts';
import {
  Connection,
  type ConnectionEvents,
  type ConnectionLimits,
  type MovedConnection,
} from './connection.ts';
import { canDuplicate } from './duplicate-descriptor.ts';

/** One timer serves the time-outs of all connections; they need no finer resolution. */
const SWEEP_INTERVAL_MS = 1_000;

/** How long a peer has to take its last answers when the switch stops. */
const DRAIN_TIMEOUT_MS = 5_000;

/** How long what is under way may take when a connection moves: longer than any host. */
const MOVE_TIMEOUT_MS = 120_000;

export interface ListenerOptions {
  /** A descriptor of a bound socket: this listener's own where descriptors can be duplicated. */
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
   * Takes no new connection or message, answers what was asked, and closes; a peer that does not
   * take its answers is cut in the end. A descriptor that other workers share stays open: the end of
   * the process closes it.
   */
  drain(): Promise<void> {
    return this.#end((connection) => connection.drain(), DRAIN_TIMEOUT_MS);
  }

  /** The same, but the connections go on elsewhere: `taken` gets each when it has nothing under way. */
  move(taken: (moved: MovedConnection) => void): Promise<void> {
    return this.#end((connection) => connection.move(taken), MOVE_TIMEOUT_MS);
  }

  /** Goes on with a connection that another worker had. */
  adopt({ fd, pending }: MovedConnection): void {
    this.#accept(new Socket({ fd, readable: true, writable: true }), pending);
  }

  #end(endOne: (connection: Connection) => void, timeoutMs: number): Promise<void> {
    if (canDuplicate) this.#server.close();
    return new Promise((resolve) => {
      this.#draining = resolve;
      for (const connection of this.#connections) endOne(connection);
      if (this.#connections.size === 0) resolve();
      setTimeout(() => {
        for (const connection of this.#connections) connection.cut();
      }, timeoutMs).unref();
    });
  }

  #accept(socket: Socket, pending?: Uint8Array): void {
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
    if (pending !== undefined) connection.goOnFrom(pending);
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.sweep(nowMs);
  }
}
