/**
 * Binds a listening socket without accepting on it, so that worker threads can share its file
 * descriptor.
 *
 * Node has no public call for it. `net._createServerHandle` is what its own cluster module uses for
 * the same purpose, unchanged for many years; this file is the only place that knows it.
 */
import net from 'node:net';

export interface BoundSocket {
  readonly fd: number;
  /** The port that was bound; the system chose one when 0 was asked for. */
  readonly port: number;
  /** Gives the address up; descriptors made of this one stay open. */
  close(): void;
}

interface TcpHandle {
  readonly fd: number;
  getsockname(out: { port?: number }): number;
  close(): void;
}

type CreateServerHandle = (address: string, port: number, family: 4 | 6) => TcpHandle | number;

/** An address that cannot be listened on: one sentence for the person who wants it. */
export class AddressError extends Error {
  override readonly name = 'AddressError';

  constructor(address: string, port: number) {
    super(`${address}:${port} cannot be listened on: is another program using it?`);
  }
}

/** Throws AddressError when the address cannot be had. */
export function bindSocket(address: string, port: number): BoundSocket {
  const create = (net as unknown as { _createServerHandle: CreateServerHandle })
    ._createServerHandle;
  const handle = create(address, port, net.isIPv6(address) ? 6 : 4);
  if (typeof handle === 'number') throw new AddressError(address, port);
  const name: { port?: number } = {};
  if (handle.getsockname(name) !== 0 || name.port === undefined) {
    handle.close();
    throw new AddressError(address, port);
  }
  return { fd: handle.fd, port: name.port, close: () => handle.close() };
}
