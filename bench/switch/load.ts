/**
 * The load generator: many connections in a closed loop, each sends a prepared frame, waits for the
 * whole answer, and sends the next. Frames with their MACs are made before the clock starts.
 */
import { connect, type Socket } from 'node:net';

export interface LoadResult {
  perSecond: number;
  latencyMs: { p50: number; p99: number; p999: number };
  answers: number;
}

/** Runs for so many seconds, or until the frames are used up. `frameOf` gives null at the end. */
export async function runLoad(
  port: number,
  connections: number,
  seconds: number,
  frameOf: (connection: number) => Buffer | null,
): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1_000;
  await Promise.all(
    sockets.map((socket, at) => drive(socket, () => frameOf(at), endMs, latenciesMs)),
  );
  const elapsedSeconds = (performance.now() - startedMs) / 1_000;
  for (const socket of sockets) socket.destroy();
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0;
  return {
    perSecond: latenciesMs.length / elapsedSeconds,
    latencyMs: { p50: at(0.5), p99: at(0.99), p999: at(0.999) },
    answers: latenciesMs.length,
  };
}

function drive(
  socket: Socket,
  next: () => Buffer | null,
  endMs: number,
  latenciesMs: number[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentMs = 0;
    let waiting = 0;
    const send = () => {
      const frame = performance.now() < endMs ? next() : null;
      if (frame === null) {
        resolve();
        return;
      }
      sentMs = performance.now();
      socket.write(frame);
    };
    socket.on('data', (chunk) => {
      waiting = waiting === 0 ? chunk.readUInt16BE(0) + 2 - chunk.length : waiting - chunk.length;
      if (waiting > 0) return;
      waiting = 0;
      latenciesMs.push(performance.now() - sentMs);
      send();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection of the benchmark')));
    send();
  });
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}
