/** A running ledger with the test modules behind it, in a folder of the test's own. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Entry } from '../../ledger/types.ts';
import type { Ledger } from '../../ledger/writer-host.ts';
import { Modules } from '../../modules/frame/host.ts';
import type { ModuleLog } from '../../modules/frame/module.ts';
import { opening, openLedger, payment } from '../ledger/open-ledger.ts';

export interface OpenModules {
  ledger: Ledger;
  modules: Modules;
  submit: (entry: Entry) => Promise<{ status: string; position: number }>;
  /** Lines of the log, level and message. */
  lines: string[];
  stop(): Promise<void>;
}

export interface OpenOptions {
  encryptionKey?: Uint8Array;
  /** File that exports MODULES. */
  list?: string;
}

export async function openModules(folder: string, options: OpenOptions = {}): Promise<OpenModules> {
  const { encryptionKey } = options;
  const ledgerDir = join(folder, 'ledger');
  const { ledger, client, submit } = await openLedger(ledgerDir, { encryptionKey });
  const lines: string[] = [];
  const log: ModuleLog = {
    info: (_, message) => lines.push(`info ${message}`),
    warn: (_, message) => lines.push(`warn ${message}`),
    error: (fields, message) => lines.push(`error ${JSON.stringify(fields)} ${message}`),
  };
  const modules = await Modules.start({
    list: options.list ?? new URL('./test-modules.js', import.meta.url).href,
    dataDir: folder,
    ledgerDir,
    encryptionKey,
    ledger,
    hsm: { provider: 'software', keyFile: join(folder, 'hsm-keys') },
    configs: {},
    log,
  });
  return {
    ledger,
    modules,
    submit,
    lines,
    async stop() {
      await modules.stop();
      client.close();
      await ledger.stop();
    },
  };
}

/** The opening entry and so many payments of 1 fen each. */
export async function pay({ submit }: OpenModules, from: number, to: number): Promise<number> {
  await submit(opening({ till: 0, card: 0 }));
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  const results = await Promise.all(
    numbers.map((number) => submit(payment(String(number), 'till', 'card', 1))),
  );
  return Math.max(...results.map(({ position }) => position));
}

/** Waits until it is so, or fails after a long time. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const endAtMs = performance.now() + 60_000;
  while (!isSo()) {
    if (performance.now() > endAtMs) throw new Error(`it never came to: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

export const CRASH_CHILD = fileURLToPath(new URL('./crash-child.js', import.meta.url));
