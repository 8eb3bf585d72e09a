import type { Command } from 'commander';
import { action } from './command.ts';
import { runBackup, runExport, runImport, runRestore, runVerify } from './ledger/keep.ts';
import { showAccount, showJournal, showTrialBalance } from './ledger/show.ts';
import { DEFAULT_DATA_DIR } from './system/data-folder.ts';

/** `posp ledger …`: looking at the journal and its balances, proving them, copying them. */
export function addLedgerCommand(program: Command): void {
  const ledger = program
    .command('ledger')
    .description('Journal and balances (账务)')
    .addHelpText('after', '\nExample:\n  $ posp ledger trial-balance\n');
  sub(ledger, 'verify', 'Rebuild every balance from the journal and compare', 'posp ledger verify')
    .option('--seal <file>', 'hold a seal against the journal as well')
    .option(
      '--public-key <file>',
      'PEM of the key that made the seal (default: the SM2 key in the journal)',
    )
    .action(action(runVerify));
  sub(
    ledger,
    'trial-balance',
    'Sums of all accounts by code (试算平衡)',
    'posp ledger trial-balance --json',
  ).action(action(showTrialBalance));
  sub(
    ledger,
    'account <id>',
    'Balances of one account, 32 hex digits',
    'posp ledger account 72ff6b02949dad95006c343e3db31500',
  ).action(action(showAccount));
  sub(ledger, 'journal', 'Records, one a line', 'posp ledger journal --from 1 --to 20')
    .option('--from <position>', 'first record', '1')
    .option('--to <position>', 'last record (default: the newest)')
    .option('--follow', 'go on with new records until interrupted')
    .action(action(showJournal));
  sub(
    ledger,
    'export <file>',
    'Write the whole journal as NDJSON, card numbers in full',
    'posp ledger export journal.ndjson',
  ).action(action(runExport));
  sub(
    ledger,
    'import <file>',
    'Make a ledger in an empty data folder out of an export',
    'posp ledger import journal.ndjson --data ./restored',
  ).action(action(runImport));
  sub(
    ledger,
    'backup <dir>',
    'Copy the ledger into an empty folder, also while the switch runs',
    'posp ledger backup /backup/2026-11-20',
  ).action(action(runBackup));
  sub(
    ledger,
    'restore <dir>',
    'Verify a backup and put it into a data folder that has no ledger',
    'posp ledger restore /backup/2026-11-20',
  ).action(action(runRestore));
}

/** A sub-command with the options that all of them have. */
function sub(ledger: Command, name: string, description: string, example: string): Command {
  return ledger
    .command(name)
    .description(description)
    .option('--config <file>', 'configuration of the deployment: its data folder and its HSM')
    .option('--data <dir>', `data folder (default: the configuration’s, or ${DEFAULT_DATA_DIR})`)
    .option('--encryption-key-file <file>', 'of an encrypted ledger: 64 hex digits')
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  $ ${example}\n`);
}
