/** The modules' thread: one runner, its own HSM session, ledger client and reader. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openHsm } from '../../hsm/open.ts';
import type { HsmConfig } from '../../hsm/types.ts';
import { LedgerClient } from '../../ledger/client.ts';
import { openReader } from '../../ledger/reader.ts';
import { moduleFolder } from './folder.ts';
import { Follower, type ModuleStatus } from './follower.ts';
import type { Module, ModuleLog } from './module.ts';
import { ModuleRunner } from './runner.ts';
import { yieldProcessor } from './yielding.ts';

/** What the main thread hands over. */
export interface ModulesInput {
  /** File that exports `MODULES`, as a file: address. */
  list: string;
  dataDir: string;
  ledgerDir: string;
  encryptionKey: Uint8Array | undefined;
  ledgerPort: MessagePort;
  ledgerGeneration: SharedArrayBuffer;
  hsm: HsmConfig;
  configs: Record<string, unknown>;
}

export type ModulesCommand =
  | { command: 'resume' | 'rebuild'; module: string }
  | { command: 'stop' };

export type ModulesReport =
  | { report: 'ready' | 'status'; statuses: ModuleStatus[] }
  | { report: 'log'; level: 'info' | 'warn' | 'error'; fields: object; message: string };

/** Statuses that did not change are said again after this time, so that silence means trouble. */
const STATUS_INTERVAL_MS = 1_000;

async function start(input: ModulesInput): Promise<void> {
  const { dataDir, ledgerDir, encryptionKey, ledgerGeneration: generation } = input;
  const { MODULES } = (await import(input.list)) as { MODULES: readonly Module<unknown>[] };
  const reader = openReader(ledgerDir, { generation, encryptionKey });
  const ledger = new LedgerClient(input.ledgerPort);
  const hsm = await openHsm(input.hsm);
  const log = threadLog();
  const followers = MODULES.map((module) => {
    const folder = moduleFolder(dataDir, module.name);
    return new Follower(module, { folder, encryptionKey, log });
  });
  const context = { reader, ledger, hsm, dataDir, now: Date.now };
  const onStatus = statusReporter();
  const runner = new ModuleRunner({ followers, context, configs: input.configs, onStatus });
  parentPort!.on('message', (command: ModulesCommand) => {
    if (command.command === 'stop') runner.stop();
    else if (command.command === 'resume') runner.follower(command.module).resume();
    else runner.follower(command.module).rebuild();
  });
  runner.prepare();
  // The main thread knows the modules' names from the first moment, so that it can be asked for one.
  report({ report: 'ready', statuses: runner.statuses() });
  await runner.run();
  ledger.close();
  await hsm.close();
  await reader.close();
  parentPort!.close();
}

/** The thread's log lines are written by the main thread, which knows the level and the place. */
function threadLog(): ModuleLog {
  const line = (level: 'info' | 'warn' | 'error') => (fields: object, message: string) =>
    report({ report: 'log', level, fields: cloneable(fields), message });
  return { info: line('info'), warn: line('warn'), error: line('error') };
}

/** Errors keep their stack and lose what cannot cross between threads. */
function cloneable(fields: object): object {
  const plain = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error
      ? { name: value.name, message: value.message, stack: value.stack }
      : value,
  ]);
  return Object.fromEntries(plain);
}

function statusReporter(): (statuses: ModuleStatus[]) => void {
  let last = '';
  let saidAtMs = 0;
  return (statuses) => {
    const text = JSON.stringify(statuses);
    const nowMs = performance.now();
    if (text === last && nowMs - saidAtMs < STATUS_INTERVAL_MS) return;
    last = text;
    saidAtMs = nowMs;
    report({ report: 'status', statuses });
  };
}

function report(message: ModulesReport): void {
  parentPort!.postMessage(message);
}

yieldProcessor();
await start(workerData as ModulesInput);
