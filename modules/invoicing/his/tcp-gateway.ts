/**
 * The same methods for software that knows only a socket: an 8-digit length, then the envelope as
 * JSON with the method's name beside it. One connection may carry many requests, one after another.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface TcpGateway {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers one request; never rejects. */
export type TcpHandler = (request: string, remoteAddress: string) => Promise<string>;

const LENGTH_DIGITS = 8;
const FRAME_BYTES_MAX = 8_000_000;
const IDLE_MS = 120_000;
const CONNECTIONS_MAX = 500;

export async function serveTcpGateway(
  address: string,
  port: number,
  handle: TcpHandler,
): Promise<TcpGateway> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    serveSocket(socket, handle);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, address, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((done) => {
        for (const socket of open) socket.destroy();
        server.close(() => done());
      }),
  };
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, address, done);
  });
}

function serveSocket(socket: Socket, handle: TcpHandler): void {
  let received = Buffer.alloc(0);
  let busy = false;
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  const next = async () => {
    if (busy || received.length < LENGTH_DIGITS) return;
    const length = received.toString('latin1', 0, LENGTH_DIGITS);
    if (!/^\d{8}$/.test(length) || Number(length) > FRAME_BYTES_MAX) {
      socket.destroy();
      return;
    }
    const end = LENGTH_DIGITS + Number(length);
    if (received.length < end) return;
    const request = received.toString('utf8', LENGTH_DIGITS, end);
    received = received.subarray(end);
    busy = true;
    const answer = Buffer.from(await handle(request, socket.remoteAddress ?? ''), 'utf8');
    busy = false;
    if (socket.destroyed) return;
    socket.write(Buffer.concat([Buffer.from(String(answer.length).padStart(8, '0')), answer]));
    void next();
  };
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    if (received.length > FRAME_BYTES_MAX + LENGTH_DIGITS) socket.destroy();
    else void next();
  });
}
