/**
 * Starts `posp serve` as a process of its own, in a fresh folder and on ports that the system
 * chooses, and stops it at the end of the test.
 */
import './plain-children.ts';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Served {
  readonly port: number;
  readonly httpPort: number;
  readonly dataDir: string;
  /** Everything that it wrote to stderr so far. */
  log(): string;
  /** Stops it in its tracks; it can only be killed then. */
  freeze(): void;
  /** Kills it at once. */
  kill(): Promise<void>;
  /** Asks it to stop; gives its exit code. */
  stop(): Promise<number | null>;
}

export const CLI = join(process.cwd(), 'dist', 'cli', 'main.js');

export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `posp-test-${name}-`));
}

/** Starts it on the folder; rejects with its log when it does not come up. */
export function serve(
  dataDir: string,
  environment: Record<string, string> = {},
  more: string[] = [],
  node: string[] = [],
): Promise<Served> {
  const child = spawn(
    process.execPath,
    [...node, CLI, 'serve', '--data', dataDir, '--port', '0', '--http-port', '0', ...more],
    { env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  return new Promise((resolve, reject) => {
    child.stderr!.setEncoding('utf8');
    child.stderr!.on('data', (text: string) => {
      log += text;
      const port = /terminals on 127\.0\.0\.1:(\d+)/.exec(log)?.[1];
      const httpPort = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(log)?.[1];
      if (!log.includes('ready') || port === undefined || httpPort === undefined) return;
      resolve({
        port: Number(port),
        httpPort: Number(httpPort),
        dataDir,
        log: () => log,
        freeze: () => child.kill('SIGSTOP'),
        kill: () => end(child, 'SIGKILL').then(() => undefined),
        stop: () => end(child, 'SIGTERM'),
      });
    });
    child.once('exit', (code) => reject(new Error(`serve ended with ${code}:\n${log}`)));
  });
}

/** A folder, a server on it, and both gone when the test ends. */
export async function servedFor(
  t: { teardown: (work: () => Promise<void>) => void },
  name: string,
  environment: Record<string, string> = {},
): Promise<Served> {
  const folder = temporaryFolder(name);
  const served = await serve(join(folder, 'data'), environment);
  t.teardown(async () => {
    await served.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return served;
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill(signal);
  });
}
