import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { askControl } from '../../api/control.ts';
import { type LoadRequest, type LoadSummary, loadRegister } from '../../modules/empi/load.ts';
import { RecordFileError } from '../../modules/empi/matching/record-file.ts';
import { empi as empiModule } from '../../modules/empi/module.ts';
import {
  action,
  EXIT,
  type ExitCode,
  printJson,
  printLine,
  printNote,
  UsageError,
} from '../command.ts';
import { DEFAULT_DATA_DIR } from '../system/data-folder.ts';
import type { LoadState } from '../system/empi.ts';
import { withOwnModule } from '../system/own-ledger.ts';
import { csvCell } from './csv.ts';
import { Progress } from './progress.ts';

export function addLoadCommand(empi: Command): void {
  empi
    .command('load <file>')
    .description('Register everybody of a file; cut off, it goes on where it stopped (批量导入)')
    .requiredOption('--domain <code>', "domain of the file's own numbers, the column rec_id")
    .option(
      '--identifier <column=domain>',
      'a further column with numbers of a domain; may come several times',
      (pair: string, before: string[]) => [...before, pair],
      [] as string[],
    )
    .option('--errors <csv>', 'write the refused lines (default: FILE.refused.csv, when there are)')
    .option('--who <name>', 'who; it stands in the journal', 'operator')
    .option('--data <dir>', 'data folder, also of a running switch', DEFAULT_DATA_DIR)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExit 0 when every line is in the index, 1 when some were refused, 2 when the file cannot be used.\n' +
        '\nExample:\n  $ posp empi load residents.csv --domain county --identifier 社保卡号=social-security\n',
    )
    .action(action(load));
}

interface LoadOptions {
  domain: string;
  identifier: string[];
  errors?: string;
  who: string;
  data: string;
  json?: boolean;
}

async function load(file: string, options: LoadOptions): Promise<ExitCode> {
  const started = performance.now();
  const request: LoadRequest = {
    path: resolve(file),
    domain: options.domain,
    identifiers: options.identifier.map(identifierOf),
    by: options.who,
  };
  const progress = new Progress();
  const events = {
    started: (resumedBehind: number) => {
      if (resumedBehind === 0) return;
      printNote(`posp: ${file}: goes on behind line ${resumedBehind}`);
    },
    progress: (lines: number, of: number) => progress.step(`loading ${file}`, lines, of),
  };
  let summary: LoadSummary;
  try {
    summary =
      (await loadThere(options.data, request, events)) ??
      (await loadHere(options.data, request, events));
  } catch (error) {
    if (error instanceof RecordFileError) throw new UsageError(error.message);
    throw error;
  } finally {
    progress.stop();
  }
  const errors = options.errors ?? `${file}.refused.csv`;
  if (options.errors !== undefined || summary.refused.length > 0) writeRefused(errors, summary);
  print(summary, { errors, seconds: (performance.now() - started) / 1000, json: options.json });
  return summary.refused.length === 0 ? EXIT.ok : EXIT.failed;
}

function identifierOf(pair: string): { column: string; domain: string } {
  const at = pair.lastIndexOf('=');
  if (at <= 0 || at === pair.length - 1) {
    throw new UsageError(`--identifier is COLUMN=DOMAIN, not ${pair}`);
  }
  return { column: pair.slice(0, at).trim(), domain: pair.slice(at + 1).trim() };
}

type Events = Parameters<typeof loadRegister>[2];

const ASK_AGAIN_MS = 200;

/** The running switch loads the file itself; null when none runs on the folder. */
async function loadThere(
  data: string,
  request: LoadRequest,
  events: Events,
): Promise<LoadSummary | null> {
  let hasStarted = false;
  for (;;) {
    const answer = await askControl(data, 'empi/load', { ...request });
    if (answer === null && !hasStarted) return null;
    if (answer === null) throw new UsageError('the switch has stopped: the same command goes on');
    if ('error' in answer) throw new UsageError(answer.error);
    const state = answer.result as LoadState;
    if (!hasStarted) events?.started?.(state.resumedBehind, state.ofLines);
    hasStarted = true;
    events?.progress?.(state.lines, state.ofLines);
    if (state.summary !== null) return state.summary;
    await sleep(ASK_AGAIN_MS);
  }
}

/** A view that is far behind catches up first. */
const CATCH_UP_MS = 3_600_000;

/** No switch runs on the folder: this process opens the ledger and follows it. */
function loadHere(data: string, request: LoadRequest, events: Events): Promise<LoadSummary> {
  const list = new URL('./modules.js', import.meta.url).href;
  const deployment = { dataDir: data, hsm: { provider: 'auto' } } as const;
  const own = { module: empiModule, list, configs: {}, catchUpMs: CATCH_UP_MS };
  return withOwnModule(deployment, own, ({ ledger, view }) => {
    const reached = (position: number) => view.reached(position, CATCH_UP_MS);
    return loadRegister({ ledger, queries: view.queries, reached }, request, events);
  });
}

function writeRefused(path: string, { refused }: LoadSummary): void {
  const lines = refused.map(({ line, recordId, reason }) =>
    [String(line), recordId, reason].map(csvCell).join(','),
  );
  try {
    writeFileSync(path, `${['line,rec_id,reason', ...lines].join('\n')}\n`);
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${(error as Error).message}`);
  }
}

function print(
  { refused, ...counts }: LoadSummary,
  { errors, seconds, json }: { errors: string; seconds: number; json: boolean | undefined },
): void {
  const rounded = Math.round(seconds * 1000) / 1000;
  if (json) {
    printJson({ ...counts, refused: refused.length, seconds: rounded });
    return;
  }
  const { lines, resumedBehind, created, joined, reviews } = counts;
  printLine(`lines             ${lines}`);
  if (resumedBehind > 0) printLine(`went on behind    ${resumedBehind}`);
  printLine(`new persons       ${created}`);
  printLine(`joined            ${joined}`);
  printLine(`left to people    ${reviews}`);
  printLine(`refused           ${refused.length}${refused.length > 0 ? ` (${errors})` : ''}`);
  printLine(`seconds           ${rounded}`);
}
