/** What every `posp invoice` command does: its common options, asking, and saying what came of it. */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { askControl } from '../../api/control.ts';
import { openReader } from '../../ledger/reader.ts';
import { startLedger } from '../../ledger/writer-host.ts';
import { Modules } from '../../modules/frame/host.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import { createInvoicing } from '../../modules/invoicing/module.ts';
import { Desk } from '../../modules/invoicing/requests.ts';
import { NO_SETTINGS } from '../../modules/invoicing/settings.ts';
import { EXIT, type ExitCode, printJson, printLine, UsageError } from '../command.ts';
import { DEFAULT_DATA_DIR, ledgerFolder } from '../system/data-folder.ts';
import { chooseHsm } from '../system/hsm-choice.ts';
import { ledgerKey } from '../system/ledger-key.ts';
import { deskName, type INVOICE_COMMANDS, runCommand } from './commands.ts';

export interface CommonOptions {
  data: string;
  institution?: string;
  who: string;
  json?: boolean;
}

export function common(command: Command, example: string): Command {
  return command
    .option('--data <dir>', 'data folder', DEFAULT_DATA_DIR)
    .option('--institution <id>', 'needed when there are several')
    .option('--who <name>', 'who; it stands in the journal', userInfo().username)
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  $ ${example}\n`);
}

export function finish(result: unknown, { json }: CommonOptions): ExitCode {
  const refused = (result as { refused?: { code: string; message: string } }).refused;
  if (json) printJson(result);
  else if (refused !== undefined) printLine(`refused (${refused.code}): ${refused.message}`);
  else printLine(JSON.stringify(result, null, 2));
  return refused === undefined ? EXIT.ok : EXIT.failed;
}

/** Asks the running switch; without one, opens the ledger and follows it here. */
export async function run(
  name: keyof typeof INVOICE_COMMANDS,
  given: object,
  { data, institution, who }: CommonOptions,
): Promise<unknown> {
  const argument = { ...given, who, ...(institution === undefined ? {} : { institution }) };
  const answer = await askControl(data, `invoice/${name}`, argument);
  if (answer !== null && 'error' in answer) throw new UsageError(answer.error);
  if (answer !== null) return answer.result;
  return runHere(data, name, argument);
}

async function runHere(
  data: string,
  name: string,
  given: Record<string, unknown>,
): Promise<unknown> {
  const dataDir = ledgerFolder(data);
  if (!existsSync(dataDir)) throw new UsageError(`there is no ledger in ${data}`);
  const { hsm, config: hsmConfig } = await chooseHsm({ provider: 'auto' }, data);
  const encryptionKey = await ledgerKey(data, false, hsm);
  const ledger = await startLedger({ dataDir, encryptionKey });
  const client = ledger.client();
  const reader = openReader(dataDir, { generation: ledger.generation, encryptionKey });
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const modules = await Modules.start({
    list: new URL('./modules.js', import.meta.url).href,
    dataDir: data,
    ledgerDir: dataDir,
    encryptionKey,
    ledger,
    hsm: hsmConfig,
    configs: { invoicing: NO_SETTINGS },
    log: silent,
  });
  const view = openModuleQueries(createInvoicing(), data, encryptionKey);
  try {
    await view.reached(reader.head().position, 600_000);
    const wanted = given['institution'] ?? view.queries.institutions()[0]?.id ?? '';
    const who = deskName(given);
    const desk = new Desk({ ledger: client, view, institution: String(wanted), who });
    const archiveDir = join(resolve(data), 'invoice-archive');
    return await runCommand(name, { desk, hsm, reader, archiveDir }, given);
  } finally {
    await view.close();
    await modules.stop();
    await reader.close();
    client.close();
    await ledger.stop();
    await hsm.close();
  }
}
