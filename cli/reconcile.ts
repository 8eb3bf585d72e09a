import { statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Presets, SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { type ReconcileOptions, reconcile } from '../modules/reconciliation/reconcile.ts';
import {
  BillRefused,
  DIFFERENCE_LABELS,
  type Difference,
} from '../modules/reconciliation/record.ts';
import { refusedReconciliation } from '../modules/reconciliation/refused.ts';
import type { Reconciliation, ReconciliationResult } from '../modules/reconciliation/result.ts';
import type { BillEncoding, BillSource } from '../modules/reconciliation/source.ts';
import { sourceNamed, sourceNames } from '../modules/reconciliation/sources/index.ts';
import { action, EXIT, type ExitCode, printJson, printLine, UsageError } from './command.ts';
import { DEFAULT_DATA_DIR } from './system/data-folder.ts';
import { formatTable, yuan } from './table.ts';

export function addReconcileCommand(program: Command): void {
  program
    .command('reconcile')
    .description('Compare a bill with our books, or with a file of common records (对账)')
    .requiredOption(
      '--source <name>',
      `${sourceNames().join(', ')}, or a YAML file that describes one`,
    )
    .requiredOption('--file <file>', 'the bill; ZIP and GZIP are unpacked')
    .option('--date <date>', 'YYYY-MM-DD: the day that the bill must be of')
    .option('--against <file>', 'our side: journal, or NDJSON of common records', 'journal')
    .option('--out <file>', 'write the differences as .csv or .xlsx')
    .option('--report <file>', 'write an HTML page to read')
    .option('--encoding <name>', 'when the bill is not in its usual one: utf8, gbk')
    .option(
      '--channel <name>',
      'with the journal: only transactions of this channel; all for every one',
    )
    .option('--merchant <id>', 'with the journal: only transactions of this merchant')
    .option('--institution <id>', 'with the journal: needed when there are several')
    .option('--data <dir>', 'data folder of the journal', DEFAULT_DATA_DIR)
    .option('--memory <megabytes>', 'records beyond this wait on disk', '384')
    .option('--trace', 'JSON also says file hashes, the id of the run, and line numbers')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExit 0 when both sides agree, 1 when they differ or the bill is not whole or of another day,\n' +
        '2 when a file cannot be read.\n' +
        '\nExample:\n  $ posp reconcile --source wechat --file bill.csv --date 2026-11-20 --against ours.ndjson\n',
    )
    .action(action(run));
}

interface Options {
  source: string;
  file: string;
  date?: string;
  against: string;
  out?: string;
  report?: string;
  encoding?: string;
  channel?: string;
  merchant?: string;
  institution?: string;
  data: string;
  memory: string;
  trace?: boolean;
  json?: boolean;
}

async function run(options: Options): Promise<ExitCode> {
  const day = readDay(options.date);
  const source = await chosenSource(options.source);
  const memoryBytes = Number(options.memory) * 2 ** 20;
  if (!(memoryBytes > 0)) throw new UsageError('--memory: a number of megabytes is expected');
  const encoding = readEncoding(options.encoding);
  mustBeFile(options.file);
  const ours = await ownSide(options, source.name, day);
  const bar = new ReconcileBar([options.file, ours.path]);
  try {
    const done = await reconciled({
      source,
      file: options.file,
      against: ours.path,
      day,
      memoryBytes,
      progress: (share) => bar.update(share),
      ...(encoding === undefined ? {} : { encoding }),
    });
    bar.stop();
    await write(options, done);
    if (options.json) printJson(options.trace ? traced(done) : done.result);
    else print(done.result);
    return done.result.differences.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    bar.stop();
    ours.close();
  }
}

/** A bill that is not whole, or of another day, is a difference; what cannot be read is none. */
async function reconciled(options: ReconcileOptions): Promise<Reconciliation> {
  try {
    return await reconcile(options);
  } catch (error) {
    if (!(error instanceof BillRefused)) throw error;
    if (error.difference === null) throw new UsageError(error.message);
    return refusedReconciliation(options, error);
  }
}

/** What few runs need (YAML, spreadsheets, the ledger) is loaded when it is needed. */
async function chosenSource(name: string): Promise<BillSource> {
  const known = sourceNamed(name);
  if (known !== null) return known;
  if (!/\.(ya?ml|json)$/i.test(name)) {
    throw new UsageError(`there is no source ${name}; there are: ${sourceNames().join(', ')}`);
  }
  const { SourceFileError, sourceOfFile } = await import(
    '../modules/reconciliation/source-file.ts'
  );
  try {
    return sourceOfFile(name);
  } catch (error) {
    if (error instanceof SourceFileError) throw new UsageError(error.message);
    throw error;
  }
}

async function ownSide(options: Options, source: string, day: number) {
  if (options.against !== 'journal') {
    mustBeFile(options.against);
    return { path: options.against, close() {} };
  }
  if (day === 0) throw new UsageError('--date is needed to compare with the journal');
  const { journalSide } = await import('./reconcile/journal-side.ts');
  return journalSide({ ...options, source, date: String(day) });
}

function mustBeFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`${path} does not exist`);
  if (!found.isFile()) throw new UsageError(`${path} is not a file`);
}

function readDay(date: string | undefined): number {
  if (date === undefined) return 0;
  const compact = date.replaceAll('-', '');
  const parsed = new Date(
    `${compact.slice(0, 4)}-${compact.slice(4, 6)}-${compact.slice(6)}T00:00:00Z`,
  );
  const valid =
    /^\d{8}$/.test(compact) &&
    !Number.isNaN(parsed.getTime()) &&
    parsed.toISOString().slice(8, 10) === compact.slice(6);
  if (!valid) throw new UsageError(`--date: ${date} is not a date (YYYY-MM-DD)`);
  return Number(compact);
}

function readEncoding(name: string | undefined): BillEncoding | undefined {
  if (name === undefined || name === 'utf8' || name === 'gbk' || name === 'latin1') return name;
  throw new UsageError('--encoding: utf8 or gbk is expected');
}

function traced({ result, runId, files, lines }: Reconciliation) {
  const differences = result.differences.map((difference, at) => ({
    ...difference,
    oursLine: lines[at]?.ours ?? 0,
    theirsLine: lines[at]?.theirs ?? 0,
  }));
  return { ...result, differences, runId, files };
}

async function write({ out, report }: Options, done: Reconciliation): Promise<void> {
  try {
    if (out?.toLowerCase().endsWith('.xlsx')) {
      const { differencesXlsx } = await import('../modules/reconciliation/report/xlsx.ts');
      writeFileSync(out, await differencesXlsx(done.result));
    } else if (out !== undefined) {
      const { differencesCsv } = await import('../modules/reconciliation/report/csv.ts');
      writeFileSync(out, differencesCsv(done.result));
    }
    if (report !== undefined) {
      const { htmlReport } = await import('../modules/reconciliation/report/html.ts');
      writeFileSync(report, htmlReport(done));
    }
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined || path === undefined) throw error;
    throw new UsageError(`${path} cannot be written (${code})`);
  }
}

const SHOWN_DIFFERENCES = 40;

function print({ source, date, matched, differences, counts, totals }: ReconciliationResult): void {
  const { ours, theirs } = totals;
  printLine(`Reconciliation of ${source}${date === null ? '' : ` of ${date}`}`);
  const refused = differences.find(({ message }) => message !== undefined);
  if (refused !== undefined) {
    const { zh, en } = DIFFERENCE_LABELS[refused.code];
    printLine(`${refused.code}  ${zh} ${en}: ${refused.message}`);
    printLine('Nothing was compared: fetch the bill again.');
    return;
  }
  const row = (name: string, side: typeof ours): string[] => [
    name,
    String(side.lines),
    String(side.matched),
    String(side.differences),
    yuan(side.payFen),
    yuan(side.refundFen),
    yuan(side.netFen),
  ];
  printLine(
    formatTable(
      ['', 'lines', 'matched', 'different', 'payments', 'refunds', 'net'],
      [row('ours', ours), row('theirs', theirs)],
      ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    ),
  );
  printLine();
  if (differences.length === 0) {
    printLine(`Both sides agree: ${matched} matched.`);
    return;
  }
  for (const [code, count] of Object.entries(counts)) {
    const label = DIFFERENCE_LABELS[code as Difference['code']];
    if (count > 0) printLine(`${String(count).padStart(8)}  ${code}  ${label.zh} ${label.en}`);
  }
  printLine();
  printLine(differenceTable(differences.slice(0, SHOWN_DIFFERENCES)));
  const more = differences.length - SHOWN_DIFFERENCES;
  if (more > 0) printLine(`… and ${more} more (--out writes all)`);
}

function differenceTable(differences: readonly Difference[]): string {
  return formatTable(
    ['code', 'type', 'order', 'refund', 'ours', 'theirs', 'at'],
    differences.map((difference) => [
      difference.code,
      difference.type,
      difference.orderId,
      difference.refundId ?? '',
      shownFen(difference, 'ours'),
      shownFen(difference, 'theirs'),
      difference.occurredAt ?? '',
    ]),
    ['left', 'left', 'left', 'left', 'right', 'right', 'left'],
  );
}

/** The amount; where only the fees differ, the fee. */
function shownFen(difference: Difference, side: 'ours' | 'theirs'): string {
  const isFee = difference.code === 'FEE';
  const fen = isFee ? difference[`${side}FeeFen`] : difference[`${side}Fen`];
  if (fen === null || fen === undefined) return '-';
  return isFee ? `fee ${yuan(fen)}` : yuan(fen);
}

/** Smaller files are read before anybody could look at a bar. */
const BAR_BYTES = 16 << 20;

class ReconcileBar {
  #bar: SingleBar | null = null;

  constructor(files: readonly string[]) {
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    if (bytes < BAR_BYTES) return;
    const format = `posp: ${basename(files[0]!)} |{bar}| {percentage}%  {eta_formatted}`;
    this.#bar = new SingleBar(
      { format, stream: process.stderr, hideCursor: true, noTTYOutput: false },
      Presets.shades_classic,
    );
    this.#bar.start(1_000, 0);
  }

  update(share: number): void {
    this.#bar?.update(Math.round(share * 1_000));
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}
