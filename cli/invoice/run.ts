/** What every `posp invoice` command does: its common options, asking, and saying what came of it. */
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { askControl } from '../../api/control.ts';
import { createInvoicing } from '../../modules/invoicing/module.ts';
import { Desk } from '../../modules/invoicing/requests.ts';
import { NO_SETTINGS } from '../../modules/invoicing/settings.ts';
import { EXIT, type ExitCode, printJson, printLine, UsageError } from '../command.ts';
import { DEFAULT_DATA_DIR } from '../system/data-folder.ts';
import { withOwnModule } from '../system/own-ledger.ts';
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

/** A view that is far behind catches up first. */
const CATCH_UP_MS = 600_000;

function runHere(data: string, name: string, given: Record<string, unknown>): Promise<unknown> {
  const list = new URL('./modules.js', import.meta.url).href;
  const deployment = { dataDir: data, hsm: { provider: 'auto' } } as const;
  const configs = { invoicing: NO_SETTINGS };
  const own = { module: createInvoicing(), list, configs, catchUpMs: CATCH_UP_MS };
  return withOwnModule(deployment, own, ({ ledger, hsm, reader, view }) => {
    const wanted = given['institution'] ?? view.queries.institutions()[0]?.id ?? '';
    const desk = new Desk({ ledger, view, institution: String(wanted), who: deskName(given) });
    const archiveDir = join(resolve(data), 'invoice-archive');
    return runCommand(name, { desk, hsm, reader, archiveDir }, given);
  });
}
