/**
 * The ledger of a deployment on which no switch runs, opened by a command for as long as its work
 * takes; the view of a module too, which then follows the journal in this process.
 */
import { existsSync } from 'node:fs';
import type { Hsm, HsmConfig } from '../../hsm/types.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { openReader, type Reader } from '../../ledger/reader.ts';
import { type Ledger, startLedger } from '../../ledger/writer-host.ts';
import { Modules } from '../../modules/frame/host.ts';
import type { Module } from '../../modules/frame/module.ts';
import { type ModuleQueries, openModuleQueries } from '../../modules/frame/queries.ts';
import { UsageError } from '../command.ts';
import { ledgerFolder } from './data-folder.ts';
import type { Deployment } from './deployment.ts';
import { chooseHsm } from './hsm-choice.ts';
import { ledgerKey } from './ledger-key.ts';

export interface OwnLedger {
  dataDir: string;
  hsm: Hsm;
  ledger: LedgerClient;
  reader: Reader;
  /** Undefined for a ledger that is not encrypted. */
  encryptionKey: Uint8Array | undefined;
}

/** Throws UsageError when there is no ledger. Whatever was opened is closed, also after a failure. */
export function withOwnLedger<Result>(
  deployment: Pick<Deployment, 'dataDir' | 'hsm'>,
  work: (own: OwnLedger) => Promise<Result>,
): Promise<Result> {
  return closingAll(async (closing) => {
    const { own } = await open(deployment, closing);
    return work(own);
  });
}

export interface OwnModule<Queries> {
  module: Module<Queries>;
  /** URL of a file that exports `MODULES` with this module alone. */
  list: string;
  configs: Record<string, unknown>;
  /** How long a view that is far behind may take to catch up. */
  catchUpMs: number;
}

/** Likewise, with a module's view that has caught up with the journal. */
export function withOwnModule<Queries, Result>(
  deployment: Pick<Deployment, 'dataDir' | 'hsm'>,
  { module, list, configs, catchUpMs }: OwnModule<Queries>,
  work: (own: OwnLedger & { view: ModuleQueries<Queries> }) => Promise<Result>,
): Promise<Result> {
  return closingAll(async (closing) => {
    const { own, writer, hsmConfig } = await open(deployment, closing);
    const { dataDir, encryptionKey } = own;
    const modules = await Modules.start({
      list,
      dataDir,
      ledgerDir: ledgerFolder(dataDir),
      encryptionKey,
      ledger: writer,
      hsm: hsmConfig,
      configs,
      log: { info: () => {}, warn: () => {}, error: () => {} },
    });
    closing.push(() => modules.stop());
    const view = openModuleQueries(module, dataDir, encryptionKey);
    closing.push(() => view.close());
    await view.reached(own.reader.head().position, catchUpMs);
    return work({ ...own, view });
  });
}

type Close = () => unknown;

async function open(
  { dataDir, hsm: settings }: Pick<Deployment, 'dataDir' | 'hsm'>,
  closing: Close[],
): Promise<{ own: OwnLedger; writer: Ledger; hsmConfig: HsmConfig }> {
  const folder = ledgerFolder(dataDir);
  if (!existsSync(folder)) throw new UsageError(`there is no ledger in ${dataDir}`);
  const { hsm, config: hsmConfig } = await chooseHsm(settings, dataDir);
  closing.push(() => hsm.close());
  const encryptionKey = await ledgerKey(dataDir, false, hsm);
  const writer = await startLedger({ dataDir: folder, encryptionKey });
  closing.push(() => writer.stop());
  const ledger = writer.client();
  closing.push(() => ledger.close());
  const reader = openReader(folder, { generation: writer.generation, encryptionKey });
  closing.push(() => reader.close());
  return { own: { dataDir, hsm, ledger, reader, encryptionKey }, writer, hsmConfig };
}

/** What `work` notes as opened is closed after it, the last first, whatever fails. */
async function closingAll<Result>(work: (closing: Close[]) => Promise<Result>): Promise<Result> {
  const closing: Close[] = [];
  try {
    return await work(closing);
  } finally {
    await closeFrom(closing);
  }
}

async function closeFrom(closing: Close[]): Promise<void> {
  const close = closing.pop();
  if (close === undefined) return;
  try {
    await close();
  } finally {
    await closeFrom(closing);
  }
}
