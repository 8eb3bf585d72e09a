import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findModule } from '../hsm/open.ts';
import type { Benchmark, BenchmarkLine } from './benchmark.ts';
import { measureFsync } from './switch/fsync.ts';
import { type LoadResult, runLoad } from './switch/load.ts';
import { PurchaseMaker } from './switch/purchases.ts';

const CLI = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const ECHO = fileURLToPath(new URL('./switch/echo-server.js', import.meta.url));
const CONNECTIONS = [1, 64, 400, 2_000];

/** Frames for a run: no more than the switch could take in that time on this class of machine. */
const FRAMES_PER_SECOND = 45_000;

/** The same for purchases that a bank has to approve; its simulator is measured with them. */
const ROUTED_FRAMES_PER_SECOND = 10_000;

/**
 * Full purchases over TCP against a bare echo of the same frames by the same generator: with our own
 * cards, and with cards of a simulated bank that the switch asks over its host link.
 */
export const benchmark: Benchmark = async ({ seconds, progress }) => {
  const lines: BenchmarkLine[] = [];
  const providers = findModule('nss') === null ? ['software'] : ['nss', 'software'];
  for (const provider of providers) {
    const folder = mkdtempSync(join(tmpdir(), 'posp-bench-switch-'));
    const bank = await start([CLI, 'host', '--port', '0', '--json'], {});
    const served = await start(
      [CLI, 'serve', '--data', folder, '--port', '0', '--http-port', '0'],
      {
        POSP__LOG__LEVEL: 'warn',
        POSP__HOSTS__0__CONNECT__0__PORT: String(bank.port),
        POSP__HOSTS__0__LIMITS__IN_FLIGHT_PER_LINK: '4000',
        ...hsmOverride(provider),
      },
    );
    const echo = await start([ECHO], {});
    try {
      const maker = new PurchaseMaker();
      await maker.signIn(served.port);
      if (lines.length === 0) lines.push(measureFsync(folder, seconds));
      for (const connections of CONNECTIONS) {
        progress(`${provider}, ${connections} connection(s)`);
        const count = Math.ceil(FRAMES_PER_SECOND * seconds * (connections === 1 ? 0.1 : 1));
        const frames = await maker.make(count);
        const bare = await run(echo.port, connections, seconds, frames);
        const full = await run(served.port, connections, seconds, frames);
        lines.push(lineOf('purchase', provider, connections, full, bare));
        const routed = await maker.make(
          Math.ceil(ROUTED_FRAMES_PER_SECOND * seconds * (connections === 1 ? 0.2 : 1)),
          'bank',
        );
        const asked = await run(served.port, connections, seconds, routed);
        lines.push(lineOf('purchase at a host', provider, connections, asked, bare));
      }
    } finally {
      served.child.kill('SIGKILL');
      echo.child.kill('SIGKILL');
      bank.child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return lines;
};

function run(
  port: number,
  connections: number,
  seconds: number,
  frames: Buffer[],
): Promise<LoadResult> {
  let next = 0;
  return runLoad(port, connections, seconds, () => frames[next++] ?? null);
}

function lineOf(
  what: 'purchase' | 'purchase at a host',
  provider: string,
  connections: number,
  full: LoadResult,
  bare: LoadResult,
): BenchmarkLine {
  return {
    name: `${what}, ${provider}, ${connections} connection(s)`,
    value: full.perSecond,
    unit: 'transactions/s',
    latencyMs: full.latencyMs,
    baseline: { name: 'bare TCP echo', value: bare.perSecond },
    ratio: full.perSecond / bare.perSecond,
    // How fast a bank answers is the bank's: no target for what it approves.
    ...(what === 'purchase' ? { target: { atLeast: 0.25, aim: 0.45 } } : {}),
  };
}

function hsmOverride(provider: string): Record<string, string> {
  if (provider === 'software') return { POSP__HSM__PROVIDER: 'software' };
  return { POSP__HSM__PROVIDER: 'pkcs11', POSP__HSM__MODULE: provider };
}

/** Starts a program that says where it listens and that it is ready. */
function start(
  args: string[],
  environment: Record<string, string>,
): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr!.setEncoding('utf8');
    child.stderr!.on('data', (text: string) => {
      said += text;
      const port = /on 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (said.includes('ready') && port !== undefined) resolve({ child, port: Number(port) });
    });
    child.once('exit', () => reject(new Error(`${args.join(' ')} ended:\n${said}`)));
  });
}
