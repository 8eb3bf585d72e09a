/** HL7's minimal lower layer protocol: 0B, the message, 1C 0D. Every message gets its answer in order. */
import { createServer, type Server, type Socket } from 'node:net';

const START = 0x0b;
const END = 0x1c;
const RETURN = 0x0d;
const MESSAGE_BYTES_MAX = 256 << 10;
const IDLE_MS = 300_000;
const CONNECTIONS_MAX = 500;

export interface MllpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** One message in, its answer out. */
export type AnswerMessage = (message: Buffer) => Promise<Buffer>;

/** Listens; whoever sends what is no frame is disconnected, and nobody else notices. */
export function serveMllp(
  address: string,
  port: number,
  answer: AnswerMessage,
): Promise<MllpServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveConnection(socket, answer);
  });
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      const listening = server.address() as { port: number };
      const close = () =>
        new Promise<void>((done) => {
          server.close(() => done());
          for (const socket of sockets) socket.destroy();
        });
      resolve({ port: listening.port, close });
    });
  });
}

function serveConnection(socket: Socket, answer: AnswerMessage): void {
  let held = Buffer.alloc(0);
  let work = Promise.resolve();
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const end = held.indexOf(Buffer.of(END, RETURN));
      const isWrong = held.length > 0 && held[0] !== START;
      if (isWrong || (end < 0 && held.length > MESSAGE_BYTES_MAX)) {
        socket.destroy();
        return;
      }
      if (end < 0) return;
      const message = held.subarray(1, end);
      held = held.subarray(end + 2);
      work = work.then(async () => {
        const bytes = await answer(message);
        if (!socket.destroyed) socket.write(frame(bytes));
      });
      work.catch(() => socket.destroy());
    }
  });
}

/** A message as it travels. */
export function frame(message: Buffer): Buffer {
  return Buffer.concat([Buffer.of(START), message, Buffer.of(END, RETURN)]);
}
