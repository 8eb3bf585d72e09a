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
import type { SourceList } from './sources.ts';
import { createTlsServer, type TlsSettings } from './tls.ts';

/** One timer serves the time-outs of all connections; they need no finer resolution. */
const SWEEP_INTERVAL_MS = 1_000;

/** How long a peer has to take its last answers when the switch stops. */
const DRAIN_TIMEOUT_MS = 5_000;

/** How long what is under way may take when a connection moves: longer than any host. */
const MOVE_TIMEOUT_MS = 120_000;

/** A connection that stays in a thread whose work is with others may be silent so long, ... */
const STAY_IDLE_TIMEOUT_MS = 30_000;

/** ... and the thread is kept for it so long. */
const STAY_TIMEOUT_MS = 600_000;

export interface ListenerOptions {
  /** A descriptor of a bound socket: this listener's own where descriptors can be duplicated. */
  fd: number;
  framing: Framing;
  limits: ConnectionLimits;
  connectionsMax: number;
  tls: TlsSettings | undefined;
  /** Who may connect now: an address must be on each of the lists. Asked for each new connection, and of all of them every second. */
  sources: () => SourceList[];
  events: ConnectionEvents & {
    accepted: (connection: Connection) => void;
    /** A peer that was not let in. */
    refused: (remote: string, reason: string) => void;
  };
}

/**
 * Connections that may wait to be accepted. When the queue is full the system forgets that a peer has
 * connected and asks again after a second, then after three: after a power cut a whole hospital's
 * terminals come at once.
 */
const ACCEPT_QUEUE = 4_096;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #connections = new Set<Connection>();
  readonly #server: Server;
  readonly #timer: NodeJS.Timeout;
  #draining: (() => void) | null = null;
  #staying = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = this.#createServer();
    this.#timer = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Resolves when this thread accepts; rejects when the socket cannot be listened on. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      // The backlog of an options object counts for ports alone: behind a descriptor it is an argument.
      this.#server.listen({ fd: this.#options.fd }, ACCEPT_QUEUE, () => {
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

  /** What TLS has agreed with a peer cannot leave this thread, so its connections go on here. */
  get staysHere(): boolean {
    return this.#options.tls !== undefined;
  }

  /** The same as draining, but the connections go on elsewhere: `taken` gets each when it has nothing under way. */
  move(taken: (moved: MovedConnection) => void): Promise<void> {
    if (this.staysHere) return this.#stay();
    return this.#end((connection) => connection.move(taken), MOVE_TIMEOUT_MS);
  }

  /** Goes on with a connection that another worker had. */
  adopt({ fd, pending }: MovedConnection): void {
    this.#accept(new Socket({ fd, readable: true, writable: true, allowHalfOpen: true }), pending);
  }

  /** Takes no new connection; those that are there, or shaking hands, go on until they fall silent. */
  #stay(): Promise<void> {
    this.#staying = true;
    for (const connection of this.#connections) connection.limitIdle(STAY_IDLE_TIMEOUT_MS);
    setTimeout(() => void this.drain(), STAY_TIMEOUT_MS).unref();
    return new Promise((resolve) => this.#server.close(() => resolve()));
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

  #createServer(): Server {
    const { tls, events } = this.#options;
    const accept = (socket: Socket) => this.#accept(socket);
    if (tls === undefined) return createServer({ keepAlive: true, allowHalfOpen: true }, accept);
    const server = createTlsServer(tls, accept, events.refused);
    // Before the handshake: a stranger costs no cryptography.
    server.prependListener('connection', (socket: Socket) => {
      if (!this.#isAllowed(socket.remoteAddress)) socket.destroy();
    });
    return server;
  }

  #isAllowed(address: string | undefined): boolean {
    return this.#options.sources().every((list) => list.allows(address));
  }

  #accept(socket: Socket, pending?: Uint8Array): void {
    const { framing, limits, events, connectionsMax } = this.#options;
    if (this.#draining !== null || this.#connections.size >= connectionsMax) {
      socket.destroy();
      return;
    }
    if (!this.#isAllowed(socket.remoteAddress)) {
      events.refused(socket.remoteAddress ?? '', 'source');
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
    if (this.#staying) connection.limitIdle(STAY_IDLE_TIMEOUT_MS);
    this.#connections.add(connection);
    events.accepted(connection);
    if (pending !== undefined) connection.goOnFrom(pending);
  }

  #sweep(): void {
    const nowMs = performance.now();
    if (this.#connections.size === 0) return;
    const sources = this.#options.sources();
    for (const connection of this.#connections) {
      connection.sweep(nowMs);
      const allowed = sources.every((list) => list.allows(connection.address));
      if (!allowed) connection.cut('source');
    }
  }
}
