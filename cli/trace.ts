import type { Command } from 'commander';
import { openReader } from '../ledger/reader.ts';
import { action, EXIT, type ExitCode, printJson, printLine, UsageError } from './command.ts';
import { type LedgerCommandOptions, ledgerPlace, refusingClearly } from './ledger/options.ts';
import { yuan } from './table.ts';
import { type Chapter, storyOf } from './trace/story.ts';

export function addTraceCommand(program: Command): void {
  program
    .command('trace <reference>')
    .description('Tell the story of one transaction by its field 37 (交易追踪)')
    .option('--data <dir>', 'data folder', './data')
    .option('--encryption-key-file <file>', 'key of an encrypted ledger, 64 hex digits')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ posp trace 000000004711 --data data\n')
    .action(action(trace));
}

function trace(text: string, options: LedgerCommandOptions): Promise<ExitCode> {
  return refusingClearly(async () => {
    const reference = Number(text);
    if (!/^\d{1,12}$/.test(text) || reference < 1) {
      throw new UsageError(`field 37 of an answer is expected, up to 12 digits, not ${text}`);
    }
    const { dataDir, encryptionKey } = await ledgerPlace(options);
    const reader = openReader(dataDir, { encryptionKey });
    try {
      const story = storyOf(reference, reader);
      if (story === null) {
        if (options.json) printJson({ error: { code: 'transaction_not_found' } });
        else printLine(`no transaction has the reference ${text}`);
        return EXIT.failed;
      }
      if (options.json) printJson({ reference: text.padStart(12, '0'), records: story });
      else for (const chapter of story) printChapter(chapter);
      return EXIT.ok;
    } finally {
      await reader.close();
    }
  });
}

function printChapter({ position, at, step, responseCode, rule, details, ...rest }: Chapter): void {
  const outcome = [responseCode, rule].filter(Boolean).join(' ');
  printLine(`${String(position).padStart(9)}  ${at}  ${step}${outcome ? `  → ${outcome}` : ''}`);
  if (rest.status !== 'applied') printLine(`${' '.repeat(11)}the ledger refused: ${rest.status}`);
  for (const [name, value] of Object.entries(details)) {
    printLine(
      `${' '.repeat(11)}${name.padEnd(14)}${name === 'amountFen' ? yuan(Number(value)) : value}`,
    );
  }
  for (const { effect, amountFen, debitAccount, creditAccount } of rest.postings) {
    const sides = debitAccount === undefined ? '' : `  ${debitAccount} → ${creditAccount}`;
    printLine(`${' '.repeat(11)}${effect.padEnd(14)}${yuan(amountFen)}${sides}`);
  }
}
