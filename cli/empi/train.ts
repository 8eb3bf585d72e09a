import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { findBlocks } from '../../modules/empi/matching/blocking.ts';
import { FIELDS, LEVELS } from '../../modules/empi/matching/fields.ts';
import type { MatchModel } from '../../modules/empi/matching/model.ts';
import { pairsOf, train } from '../../modules/empi/matching/train.ts';
import { action, EXIT, type ExitCode, printJson, printLine } from '../command.ts';
import { formatTable } from '../table.ts';
import { Progress } from './progress.ts';
import { loadFiles } from './records.ts';

export function addTrainCommand(empi: Command): void {
  empi
    .command('train <file> [second]')
    .description('Learn the parameters of the matching engine from records, without labels')
    .option('--out <json>', 'write the parameters for `posp empi link --model`')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ posp empi train residents.csv --out model.json\n')
    .action(action(trainOnFiles));
}

function trainOnFiles(
  file: string,
  second: string | undefined,
  options: { out?: string; json?: boolean },
): ExitCode {
  const progress = new Progress();
  const { table } = loadFiles(second === undefined ? [file] : [file, second], progress);
  const model = train(table, findBlocks(table), {
    progress: (done, of) => progress.step('training', done, of),
  });
  progress.stop();
  if (options.out !== undefined) {
    writeFileSync(options.out, `${JSON.stringify(model, null, 1)}\n`);
  }
  const expectedMatches = model.matchRate * pairsOf(table);
  if (options.json) printJson({ records: table.records, expectedMatches, model });
  else printModel(model, table.present, expectedMatches);
  return EXIT.ok;
}

/** Weights in bits, log2 of m over u, of the fields that the records have. */
function printModel(model: MatchModel, present: number[], expectedMatches: number): void {
  const rows = FIELDS.flatMap(({ nameEn, nameZh }, index) => {
    if (present[index] === 0) return [];
    const { match, stranger } = model.fields[index]!;
    const bits = match.map((m, level) =>
      m < 1e-6 ? '' : Math.log2(m / stranger[level]!).toFixed(1),
    );
    return [[`${nameZh} ${nameEn}`, ...bits]];
  });
  printLine(
    formatTable(['weight in bits', ...LEVELS], rows, [
      'left',
      ...LEVELS.map(() => 'right' as const),
    ]),
  );
  printLine(`expected pairs of one person: ${Math.round(expectedMatches)}`);
}
