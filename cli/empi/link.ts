import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Command } from 'commander';
import { type LinkResult, linkRecords } from '../../modules/empi/matching/link.ts';
import { DEFAULT_THRESHOLDS } from '../../modules/empi/matching/model.ts';
import { action, EXIT, type ExitCode, printJson, printLine, UsageError } from '../command.ts';
import { csvCell } from './csv.ts';
import { Progress } from './progress.ts';
import { loadFiles, loadModel } from './records.ts';

export function addLinkCommand(empi: Command): void {
  empi
    .command('link <file> [second]')
    .description('Find who is the same person: within one file, or across two (居民匹配)')
    .option('--out <csv>', 'write rec_id_a,rec_id_b,probability, one link a line')
    .option('--refused <csv>', 'write pairs that are alike but must not be joined unasked')
    .option('--threshold <p>', 'least probability of a link', String(DEFAULT_THRESHOLDS.auto))
    .option('--model <file>', 'parameters from `posp empi train` (default: learned from the files)')
    .option('--threads <n>', 'threads that compare (default: one a processor)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nThe files are CSV with a heading line. rec_id names a record and is never compared.\n' +
        'Known columns: name (or surname, given_name), sex, birth_date, id_type, id_number, phone,\n' +
        'address (or street_number, address_1, address_2, suburb, postcode, state), and their Chinese names.\n' +
        '\nExample:\n  $ posp empi link residents.csv --out links.csv\n',
    )
    .action(action(link));
}

interface LinkCommandOptions {
  out?: string;
  refused?: string;
  threshold: string;
  model?: string;
  threads?: string;
  json?: boolean;
}

async function link(
  file: string,
  second: string | undefined,
  options: LinkCommandOptions,
): Promise<ExitCode> {
  const started = performance.now();
  const threshold = Number(options.threshold);
  if (!(threshold > 0 && threshold < 1)) {
    throw new UsageError(`--threshold is a probability between 0 and 1, not ${options.threshold}`);
  }
  const threads = options.threads === undefined ? undefined : Number(options.threads);
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new UsageError(`--threads is a number of threads, not ${options.threads}`);
  }
  const model = options.model === undefined ? undefined : loadModel(options.model);
  const progress = new Progress();
  const { table, recordIds } = loadFiles(second === undefined ? [file] : [file, second], progress);
  const result = await linkRecords(table, {
    threshold,
    ...(model === undefined ? {} : { model }),
    ...(threads === undefined ? {} : { threads }),
    progress: (step, done, of) => progress.step(step, done, of),
  });
  progress.stop();
  if (options.out !== undefined) await writeLinks(options.out, result.links, recordIds);
  if (options.refused !== undefined) await writeRefused(options.refused, result.refused, recordIds);
  const seconds = (performance.now() - started) / 1000;
  print(result, table.records, seconds, options.json === true);
  return EXIT.ok;
}

function print(
  { candidatePairs, links, refused, groups }: LinkResult,
  records: number,
  seconds: number,
  json: boolean,
): void {
  const persons = new Set(groups).size;
  const rounded = Math.round(seconds * 1000) / 1000;
  if (json) {
    printJson({
      records,
      candidatePairs,
      links: links.length,
      seconds: rounded,
      persons,
      refused: refused.length,
    });
    return;
  }
  printLine(`records           ${records}`);
  printLine(`candidate pairs   ${candidatePairs}`);
  printLine(`links             ${links.length}`);
  printLine(`persons           ${persons}`);
  printLine(`left to people    ${refused.length}`);
  printLine(`seconds           ${rounded}`);
}

function writeLinks(path: string, links: LinkResult['links'], ids: string[]): Promise<void> {
  return writeLines(path, 'rec_id_a,rec_id_b,probability', links.length, (index) => {
    const { a, b, probability } = links[index]!;
    return `${csvCell(ids[a]!)},${csvCell(ids[b]!)},${probability.toFixed(6)}`;
  });
}

function writeRefused(path: string, refused: LinkResult['refused'], ids: string[]): Promise<void> {
  return writeLines(path, 'rec_id_a,rec_id_b,probability,why', refused.length, (index) => {
    const { a, b, probability, why } = refused[index]!;
    return `${csvCell(ids[a]!)},${csvCell(ids[b]!)},${probability.toFixed(6)},${why}`;
  });
}

const LINES_AT_ONCE = 10_000;

async function writeLines(
  path: string,
  heading: string,
  count: number,
  line: (index: number) => string,
): Promise<void> {
  const out = createWriteStream(path);
  const failed = once(out, 'error').then(([error]) => {
    throw new UsageError(`cannot write ${path}: ${(error as Error).message}`);
  });
  const written = (async () => {
    await once(out, 'open');
    out.write(`${heading}\n`);
    for (let from = 0; from < count; from += LINES_AT_ONCE) {
      const lines: string[] = [];
      for (let at = from; at < Math.min(count, from + LINES_AT_ONCE); at++) lines.push(line(at));
      if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
    }
    out.end();
    await once(out, 'close');
  })();
  await Promise.race([written, failed]);
}
