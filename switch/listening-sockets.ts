/** The listening sockets of the switch: bound once, kept over a change of workers. */
import type { ListenerConfig } from '../config/schema.ts';
import { type BoundSocket, bindSocket } from './connections/bind-socket.ts';
import { canDuplicate, duplicateDescriptor } from './connections/duplicate-descriptor.ts';

export class ListeningSockets {
  readonly #listeners: ListenerConfig[];
  readonly #bound: Map<string, BoundSocket>;

  private constructor(listeners: ListenerConfig[], bound: Map<string, BoundSocket>) {
    this.#listeners = listeners;
    this.#bound = bound;
  }

  /**
   * Binds what these listeners need beyond the sockets of `before`. Throws AddressError when an
   * address cannot be had; then nothing new stays bound.
   */
  static bind(listeners: ListenerConfig[], before?: ListeningSockets): ListeningSockets {
    const bound = new Map<string, BoundSocket>();
    const fresh: BoundSocket[] = [];
    try {
      for (const listener of listeners) {
        const key = addressOf(listener);
        let socket = before === undefined ? undefined : before.#bound.get(key);
        if (socket === undefined) {
          socket = bindSocket(listener.address, listener.port);
          fresh.push(socket);
        }
        bound.set(key, socket);
      }
    } catch (error) {
      for (const socket of fresh) socket.close();
      throw error;
    }
    return new ListeningSockets(listeners, bound);
  }

  /** The port that each listener got, in the order of the configuration. */
  get ports(): number[] {
    return this.#listeners.map((listener) => this.#socketOf(listener).port);
  }

  /** What a worker listens on: descriptors of its own where the system can make them. */
  forWorker(): { fd: number; config: ListenerConfig }[] {
    return this.#listeners.map((config) => {
      const { fd } = this.#socketOf(config);
      return { fd: canDuplicate ? duplicateDescriptor(fd) : fd, config };
    });
  }

  /** Listeners that go on in `next` with connections that can stay as they are. */
  lastingIn(next: ListeningSockets): string[] {
    const lineOf = ({ name, framing, tls }: ListenerConfig) =>
      JSON.stringify([name, framing, tls ?? null]);
    const lines = new Set(next.#listeners.map(lineOf));
    const lasting = this.#listeners.filter((listener) => lines.has(lineOf(listener)));
    return lasting.map(({ name }) => name);
  }

  /** Gives up the addresses that `next` does not need. */
  closeAllBut(next: ListeningSockets): void {
    for (const [key, socket] of this.#bound) if (!next.#bound.has(key)) socket.close();
  }

  #socketOf(listener: ListenerConfig): BoundSocket {
    return this.#bound.get(addressOf(listener))!;
  }
}

/** Port 0 is a port of the system's choice: it belongs to the listener of that name. */
function addressOf({ name, address, port }: ListenerConfig): string {
  return port === 0 ? `${address}:0:${name}` : `${address}:${port}`;
}
