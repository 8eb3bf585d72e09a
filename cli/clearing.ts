import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { askControl } from '../api/control.ts';
import { openReader } from '../ledger/reader.ts';
import { ClearingFileError, parseClearingFile } from '../modules/clearing/file.ts';
import { CLEARING_KEY } from '../modules/clearing/manifest.ts';
import { verifyByManifest } from '../modules/clearing/verify.ts';
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
import { DEFAULT_DATA_DIR } from './system/data-folder.ts';
import { sealDay } from './system/day-seal.ts';
import { type Deployment, deploymentOf } from './system/deployment.ts';
import { withOwnLedger } from './system/own-ledger.ts';
import { formatTable, yuan } from './table.ts';

export function addClearingCommand(program: Command): void {
  const clearing = program
    .command('clearing')
    .description('Clearing of business days (清算)')
    .addHelpText('after', '\nExample:\n  $ posp clearing run --date 2026-11-20\n');
  clearing
    .command('run')
    .description('Clear a business date; one that has begun and is still open is closed first')
    .option(
      '--date <date>',
      'YYYY-MM-DD (default: the last closed day; the first day, when none was)',
    )
    .option('--institution <id>', 'needed when there are several')
    .option('--config <file>', 'configuration of the deployment: its data folder and its HSM')
    .option('--data <dir>', `data folder (default: the configuration’s, or ${DEFAULT_DATA_DIR})`)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ posp clearing run --date 2026-11-20\n')
    .action(action(run));
  clearing
    .command('verify <file>')
    .description(
      'Check a clearing file by its seal or by the manifest beside it, and its place in the journal',
    )
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
  try {
    return await withOwnLedger(deployment, (own) =>
      clearDay(deployment.clearingDir, own, wanted, (institution, date) =>
        sealDay(institution, date, own),
      ),
    );
  } catch (error) {
    if (error instanceof ClearingRefused) throw new UsageError(error.message);
    throw error;
  }
}

function printResult(result: ClearDayResult): void {
  const { date, files, merchants, payOuts, differences, unexplained, suspense } = result;
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
  for (const { merchantId, amountFen, state, payDate } of payOuts) {
    printLine(`pay-out ${merchantId}: ${state} ${yuan(amountFen)} on ${payDate}`);
  }
  for (const { date: since, merchantId, amountFen } of suspense) {
    printLine(`in suspense since ${since}: ${merchantId} ${yuan(amountFen)}`);
  }
  for (const { path } of files) printLine(path);
  for (const difference of differences) printLine(`DIFFERENCE: ${difference}`);
  printLine(
    differences.length === 0 ? 'File totals equal the ledger.' : 'Do not release these files.',
  );
  for (const { merchantId, amountFen } of unexplained) {
    printNote(
      `posp: ${yuan(amountFen)} of ${merchantId} cannot be explained; propose clearing-suspense of ` +
        `${date} (POST /v1/proposals), have it approved, and clear the day again`,
    );
  }
}

/** Own text files carry a seal of their own; the others are named by the manifest beside them. */
const BY_MANIFEST = /^(manifest|com|netting|pay-outs|suspense|clearing|statement)-/;

interface Verified {
  /** For `--json`. */
  seen: Record<string, unknown>;
  sentence: string;
  position: number;
  chainHash: string;
  /** Whose key signed; null where nothing is signed. */
  publicKey: string | null;
}

async function verify(
  path: string,
  { data, json }: { data?: string; json?: boolean },
): Promise<ExitCode> {
  let problem: string | null = null;
  let verified: Verified | null = null;
  if (!existsSync(path)) throw new UsageError(`${path} cannot be read`);
  try {
    verified = BY_MANIFEST.test(basename(path)) ? verifiedByManifest(path) : verifiedText(path);
    if (data !== undefined) problem = await journalProblem(verified, data);
  } catch (error) {
    if (!(error instanceof ClearingFileError)) throw error;
    problem = error.message;
  }
  const holds = problem === null && verified !== null;
  if (json) {
    const { seen, position } = verified ?? { seen: {}, position: undefined };
    printJson({ file: path, ok: holds, ...seen, position, problem });
  } else printLine(`${path}: ${holds ? verified?.sentence : problem}`);
  return holds ? EXIT.ok : EXIT.failed;
}

function verifiedText(path: string): Verified {
  const { layout, records, totals, sm3, position, chainHash } = parseClearingFile(readText(path));
  return {
    seen: { layout: layout.name, records, totals, sm3 },
    sentence: `${records} records, SM3 ${sm3}: the seal holds`,
    position,
    chainHash,
    publicKey: null,
  };
}

function verifiedByManifest(path: string): Verified {
  const { manifest, files } = verifyByManifest(path);
  const { version, position, chainHash, publicKey } = manifest;
  return {
    seen: { layout: manifest.format, version, files },
    sentence: `${files.length} file(s) of version ${version}: hashes and signature hold`,
    position,
    chainHash,
    publicKey,
  };
}

/** What the journal says against the file, or null when it agrees. */
async function journalProblem(file: Verified, data: string): Promise<string | null> {
  const { dataDir, encryptionKey } = await ledgerPlace({ data });
  const reader = openReader(dataDir, { encryptionKey });
  try {
    const hash = Buffer.from(reader.chainHashAt(file.position) ?? []).toString('hex');
    if (hash !== file.chainHash) {
      return `the journal of ${data} has another chain hash at position ${file.position}`;
    }
    const ours = reader.registry.get('key', CLEARING_KEY)?.value.publicKey ?? '';
    const isOurs = file.publicKey === null || file.publicKey === ours;
    return isOurs ? null : `the manifest is not signed by the key of ${data}`;
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
