/** HL7's minimal lower layer protocol: 0B, the message, 1C 0D. Every message gets its answer in order. */
import { createServer, type Server, type Socket } from 'node:net';

const START = 0x0b;
const END = 0x1c;
const RETURN = 0x0d;
const LINE_FEED = 0x0a;
const MESSAGE_BYTES_MAX = 256 << 10;
const IDLE_MS = 300_000;
/** How long a connection that we have closed may stay open on the other side. */
const LINGER_MS = 5000;
const CONNECTIONS_MAX = 500;
/** Messages of a connection that wait for their answers before no more are read. */
const WAITING_MAX = 100;

export interface MllpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** One message in, its answer out. */
export type AnswerMessage = (message: Buffer) => Promise<Buffer>;

/**
 * Listens. Whoever stops sending gets the answers to what it sent; so does whoever sends what is no
 * frame, and is then disconnected. Nobody else notices.
 */
export function serveMllp(
  address: string,
  port: number,
  answer: AnswerMessage,
): Promise<MllpServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
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
  let held: Buffer = Buffer.alloc(0);
  let work = Promise.resolve();
  let waiting = 0;
  let isEnding = false;
  /** Answers what came so far, then closes; whatever else comes is not looked at. */
  const end = () => {
    if (isEnding) return;
    isEnding = true;
    held = Buffer.alloc(0);
    const close = () => {
      socket.end();
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    };
    work = work.then(close, () => {
      socket.destroy();
    });
  };
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('end', end);
  socket.on('data', (chunk) => {
    if (isEnding) return;
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const next = takeMessage(held);
      if (next === 'not framed') end();
      if (next === 'not complete' || next === 'not framed') return;
      held = next.rest;
      if (++waiting === WAITING_MAX) socket.pause();
      work = work.then(async () => {
        await sendOn(socket, frame(await answer(next.message)));
        if (--waiting === 0) socket.resume();
      });
      work.catch(() => socket.destroy());
    }
  });
}

/** Resolves when there is room for more: whoever does not read its answers is not read either. */
async function sendOn(socket: Socket, bytes: Buffer): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const wake = () => {
      socket.off('drain', wake);
      socket.off('close', wake);
      resolve();
    };
    socket.on('drain', wake);
    socket.on('close', wake);
  });
}

/** The first message of what was received. Line ends between frames are no part of anything. */
function takeMessage(
  held: Buffer,
): { message: Buffer; rest: Buffer } | 'not complete' | 'not framed' {
  let start = 0;
  while (held[start] === RETURN || held[start] === LINE_FEED) start++;
  if (start < held.length && held[start] !== START) return 'not framed';
  const end = held.indexOf(Buffer.of(END, RETURN), start);
  const bytes = (end < 0 ? held.length : end) - start;
  if (bytes > MESSAGE_BYTES_MAX) return 'not framed';
  if (end < 0) return 'not complete';
  return { message: held.subarray(start + 1, end), rest: held.subarray(end + 2) };
}

/** A message as it travels. */
export function frame(message: Buffer): Buffer {
  return Buffer.concat([Buffer.of(START), message, Buffer.of(END, RETURN)]);
}
