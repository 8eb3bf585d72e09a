/**
 * How the command line talks to a running switch: HTTP over a Unix socket in the data folder.
 * Whoever may write to that folder may use it; nobody else can reach it.
 */
import { createHash } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What a running switch does for the command line, by name. Arguments and results are JSON. */
export type ControlHandler = (argument: Record<string, unknown>) => Promise<unknown>;

/** Unix sockets have short names: a path beyond it moves to the temporary folder. */
const PATH_BYTES_MAX = 100;

/** Long enough for a bill with thousands of lines; a longer request is told so. */
const BODY_CHARACTERS_MAX = 8 << 20;

/** What the running switch answered: an error's sentence, or the result. */
export type ControlAnswer = { result: unknown } | { error: string };

/** Serves the handlers; the socket's file is readable by its owner only. */
export async function serveControl(
  dataDir: string,
  handlers: Record<string, ControlHandler>,
): Promise<{ close: () => Promise<void> }> {
  const path = socketPath(dataDir);
  rmSync(path, { force: true });
  const server = createServer((incoming, outgoing) => {
    let body = '';
    let characters = 0;
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk: string) => {
      characters += chunk.length;
      if (characters <= BODY_CHARACTERS_MAX) body += chunk;
    });
    incoming.on('end', async () => {
      const answer =
        characters > BODY_CHARACTERS_MAX
          ? { error: `a request has at most ${BODY_CHARACTERS_MAX} characters` }
          : await answerOf(handlers[(incoming.url ?? '').slice(1)], body);
      outgoing.setHeader('Content-Type', 'application/json');
      outgoing.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(path, done);
  });
  chmodSync(path, 0o600);
  return { close: () => closeServer(server, path) };
}

/** Asks the switch that runs on this data folder; null when none does. */
export function askControl(
  dataDir: string,
  name: string,
  argument: Record<string, unknown>,
): Promise<ControlAnswer | null> {
  return new Promise((done, fail) => {
    const call = request(
      { socketPath: socketPath(dataDir), path: `/${name}`, method: 'POST' },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          body += chunk;
        });
        answer.on('end', () => done(JSON.parse(body) as ControlAnswer));
      },
    );
    call.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') done(null);
      else fail(error);
    });
    call.end(JSON.stringify(argument));
  });
}

async function answerOf(handler: ControlHandler | undefined, body: string): Promise<ControlAnswer> {
  if (handler === undefined) return { error: 'the running switch does not know this command' };
  try {
    return { result: await handler(JSON.parse(body) as Record<string, unknown>) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function closeServer(server: Server, path: string): Promise<void> {
  return new Promise((done) => {
    server.closeAllConnections();
    server.close(() => {
      rmSync(path, { force: true });
      done();
    });
  });
}

function socketPath(dataDir: string): string {
  const path = join(resolve(dataDir), 'control.sock');
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  const name = createHash('sha256').update(path).digest('hex').slice(0, 32);
  return join(tmpdir(), `posp-${name}.sock`);
}
