import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { askControl } from '../api/control.ts';
import { openReader } from '../ledger/reader.ts';
import { startLedger } from '../ledger/writer-host.ts';
import {
  type CheckedFile,
  ClearingFileError,
  parseClearingFile,
} from '../modules/clearing/file.ts';
import {
  action,
  EXIT,
  type ExitCode,
  printJson,
  printLine,
  printNote,
  UsageError,
} from './command.ts';
import { ledgerPlace } from './ledger/options.ts';
import { type ClearDayResult, ClearingRefused, clearDay } from './system/clear-day.ts';
import { DEFAULT_DATA_DIR, ledgerFolder } from './system/data-folder.ts';
import { sealDay } from './system/day-seal.ts';
import { type Deployment, deploymentOf } from './system/deployment.ts';
import { chooseHsm } from './system/hsm-choice.ts';
import { ledgerKey } from './system/ledger-key.ts';
import { formatTable, yuan } from './table.ts';

export function addClearingCommand(program: Command): void {
  const clearing = program.command('clearing').description('Clearing of business days (清算)');
  clearing
    .command('run')
    .description('Clear a business date; one that is still open is closed first')
    .option('--date <date>', 'YYYY-MM-DD (default: the current business date)')
    .option('--institution <id>', 'needed when there are several')
    .option('--config <file>', 'configuration of the deployment: its data folder and its HSM')
    .option('--data <dir>', `data folder (default: the configuration’s, or ${DEFAULT_DATA_DIR})`)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ posp clearing run --date 2026-11-20\n')
    .action(action(run));
  clearing
    .command('verify <file>')
    .description('Check count, totals and seal of a clearing file, and its place in the journal')
    .option('--data <dir>', 'data folder; without one only the file itself is checked')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ posp clearing verify summary-20261120.txt --data ./data\n',
    )
    .action(action(verify));
}

interface RunOptions {
  date?: string;
  institution?: string;
  config?: string;
  data?: string;
  json?: boolean;
}

async function run(options: RunOptions): Promise<ExitCode> {
  const { date, institution, json } = options;
  const wanted = { date, institution };
  const deployment = deploymentOf(options);
  const answer = await askControl(deployment.dataDir, 'clearing/run', wanted);
  if (answer !== null && 'error' in answer) throw new UsageError(answer.error);
  const result =
    answer === null ? await runHere(deployment, wanted) : (answer.result as ClearDayResult);
  if (result.closedAtPosition !== undefined) {
    printNote(
      `posp: business day ${result.date} was still open and is now closed at position ${result.closedAtPosition}`,
    );
  }
  if (json) printJson(result);
  else printResult(result);
  return result.matchesLedger ? EXIT.ok : EXIT.failed;
}

/** No switch runs on the folder: this process opens the ledger itself. */
async function runHere(
  deployment: Deployment,
  wanted: { date: string | undefined; institution: string | undefined },
): Promise<ClearDayResult> {
  const data = deployment.dataDir;
  const dataDir = ledgerFolder(data);
  if (!existsSync(dataDir)) throw new UsageError(`there is no ledger in ${data}`);
  const { hsm } = await chooseHsm(deployment.hsm, data);
  const encryptionKey = await ledgerKey(data, false, hsm);
  const ledger = await startLedger({ dataDir, encryptionKey });
  const client = ledger.client();
  const reader = openReader(dataDir, { generation: ledger.generation, encryptionKey });
  try {
    const parts = { dataDir: data, encryptionKey, hsm, ledger: client, reader };
    return await clearDay(
      deployment.clearingDir,
      { reader, ledger: client },
      wanted,
      (institution, date) => sealDay(institution, date, parts),
    );
  } catch (error) {
    if (error instanceof ClearingRefused) throw new UsageError(error.message);
    throw error;
  } finally {
    client.close();
    await reader.close();
    await ledger.stop();
    await hsm.close();
  }
}

function printResult({ date, files, merchants, differences }: ClearDayResult): void {
  printLine(`Clearing of ${date}`);
  printLine(
    formatTable(
      ['merchant', 'name', 'count', 'fee', 'net'],
      merchants.map(({ id, name, count, feeFen, netFen }) => [
        id,
        name,
        String(count),
        yuan(feeFen),
        yuan(netFen),
      ]),
      ['left', 'left', 'right', 'right', 'right'],
    ),
  );
  for (const { path } of files) printLine(path);
  for (const difference of differences) printLine(`DIFFERENCE: ${difference}`);
  printLine(
    differences.length === 0 ? 'File totals equal the ledger.' : 'Do not release these files.',
  );
}

async function verify(
  path: string,
  { data, json }: { data?: string; json?: boolean },
): Promise<ExitCode> {
  let problem: string | null = null;
  let file: CheckedFile | null = null;
  try {
    file = parseClearingFile(readText(path));
    if (data !== undefined) problem = await journalProblem(file, data);
  } catch (error) {
    if (!(error instanceof ClearingFileError)) throw error;
    problem = error.message;
  }
  const holds = problem === null && file !== null;
  const seen = file && { layout: file.layout.name, records: file.records, totals: file.totals };
  if (json) {
    printJson({
      file: path,
      ok: holds,
      ...seen,
      sm3: file?.sm3,
      position: file?.position,
      problem,
    });
  } else if (holds) {
    printLine(`${path}: ${file?.records} records, SM3 ${file?.sm3}: the seal holds`);
  } else {
    printLine(`${path}: ${problem}`);
  }
  return holds ? EXIT.ok : EXIT.failed;
}

/** What the journal says against the file, or null when it agrees. */
async function journalProblem(file: CheckedFile, data: string): Promise<string | null> {
  const { dataDir, encryptionKey } = await ledgerPlace({ data });
  const reader = openReader(dataDir, { encryptionKey });
  try {
    const hash = Buffer.from(reader.chainHashAt(file.position) ?? []).toString('hex');
    return hash === file.chainHash
      ? null
      : `the journal of ${data} has another chain hash at position ${file.position}`;
  } finally {
    await reader.close();
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`${path} cannot be read`);
  }
}
