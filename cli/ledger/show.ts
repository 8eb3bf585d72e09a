/** `posp ledger trial-balance`, `account` and `journal`: what the ledger holds, for people and machines. */
import { idFromHex, idToHex } from '../../ledger/id.ts';
import { accountOf, trialBalance } from '../../ledger/offline.ts';
import { openReader, type Reader } from '../../ledger/reader.ts';
import { recordToJson } from '../../ledger/record-json.ts';
import { type Account, AccountFlag, type Entry, type JournalRecord } from '../../ledger/types.ts';
import { maskDigitRuns, maskPan } from '../../protocols/mask.ts';
import { EXIT, type ExitCode, printJson, printLine, UsageError } from '../command.ts';
import { describeKeyEvent } from '../system/keys/key-event.ts';
import { formatTable, yuan } from '../table.ts';
import {
  type LedgerCommandOptions,
  ledgerPlace,
  positionOption,
  refusingClearly,
} from './options.ts';

export function showTrialBalance(options: LedgerCommandOptions): Promise<ExitCode> {
  return refusingClearly(async () => {
    const place = await ledgerPlace(options);
    const { chainHash, ...balance } = await trialBalance(place.dataDir, place.encryptionKey);
    const exit = balance.balanced ? EXIT.ok : EXIT.failed;
    if (options.json) {
      printJson({ ...balance, chainHash: Buffer.from(chainHash).toString('hex') });
      return exit;
    }
    const names = await chartNames(place.dataDir, place.encryptionKey);
    const head = [
      'ledger',
      'code',
      'name',
      'accounts',
      'debits',
      'credits',
      'pending debits',
      'pending credits',
    ];
    const rows = balance.lines.map((line) => [
      String(line.ledger),
      String(line.code),
      names.get(line.code) ?? '',
      String(line.accounts),
      yuan(line.debitsPostedFen),
      yuan(line.creditsPostedFen),
      yuan(line.debitsPendingFen),
      yuan(line.creditsPendingFen),
    ]);
    const { totals } = balance;
    rows.push([
      '',
      '',
      'total',
      '',
      yuan(totals.debitsPostedFen),
      yuan(totals.creditsPostedFen),
      yuan(totals.debitsPendingFen),
      yuan(totals.creditsPendingFen),
    ]);
    const right = 'right' as const;
    printLine(formatTable(head, rows, [right, right, 'left', right, right, right, right, right]));
    printLine();
    printLine(`${balance.balanced ? 'balanced' : 'NOT BALANCED'} at position ${balance.position}`);
    return exit;
  });
}

/** Names of the chart of accounts by code. */
async function chartNames(
  dataDir: string,
  encryptionKey: Uint8Array | undefined,
): Promise<Map<number, string>> {
  const reader = openReader(dataDir, { encryptionKey });
  const names = new Map<number, string>();
  for (const { value } of reader.registry.list('account')) names.set(value.code, value.name);
  await reader.close();
  return names;
}

export function showAccount(idText: string, options: LedgerCommandOptions): Promise<ExitCode> {
  return refusingClearly(async () => {
    const id = idFromHex(idText);
    if (id === null) throw new UsageError(`an account's id has 32 hex digits, not ${idText}`);
    const { dataDir, encryptionKey } = await ledgerPlace(options);
    const account = await accountOf(dataDir, id, encryptionKey);
    if (account === null) {
      if (options.json) printJson({ error: { code: 'account_not_found' } });
      else printLine(`no account ${idText}`);
      return EXIT.failed;
    }
    const { flags, ...rest } = account;
    if (options.json) printJson({ ...rest, id: idToHex(id), flags: flagNames(flags) });
    else printAccount(account);
    return EXIT.ok;
  });
}

function printAccount(account: Account & { position: number }): void {
  const rows = [
    ['account', idToHex(account.id)],
    ['ledger', String(account.ledger)],
    ['code', String(account.code)],
    ['flags', flagNames(account.flags).join(', ') || 'none'],
    ['debits', yuan(account.debitsPostedFen)],
    ['credits', yuan(account.creditsPostedFen)],
    ['pending debits', yuan(account.debitsPendingFen)],
    ['pending credits', yuan(account.creditsPendingFen)],
    ['last changed at', String(account.position)],
  ];
  for (const [name, value] of rows) printLine(`${name!.padEnd(16)}${value}`);
}

function flagNames(flags: number): string[] {
  return Object.entries(AccountFlag)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name);
}

interface JournalOptions extends LedgerCommandOptions {
  from: string;
  to?: string;
  follow?: boolean;
}

export function showJournal(options: JournalOptions): Promise<ExitCode> {
  return refusingClearly(async () => {
    const from = positionOption(options.from, '--from');
    const to = options.to === undefined ? undefined : positionOption(options.to, '--to');
    const { dataDir, encryptionKey } = await ledgerPlace(options);
    const reader = openReader(dataDir, { encryptionKey });
    try {
      if (options.follow) await followJournal(reader, from, options.json ?? false);
      else if (options.json) printJson([...masked(reader, from, to)]);
      else for (const record of reader.records(range(from, to))) printLine(summary(record));
    } finally {
      await reader.close();
    }
    return EXIT.ok;
  });
}

function range(from: number, to: number | undefined): { from: number; to?: number } {
  return to === undefined ? { from } : { from, to };
}

function* masked(reader: Reader, from: number, to: number | undefined): Iterable<unknown> {
  for (const record of reader.records(range(from, to))) yield recordToJson(maskRecord(record));
}

/** Until interrupted; with --json one document a line. */
async function followJournal(reader: Reader, from: number, json: boolean): Promise<void> {
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort());
  process.once('SIGTERM', () => abort.abort());
  for await (const record of reader.follow(from, abort.signal)) {
    if (json) printJson(recordToJson(maskRecord(record)));
    else printLine(summary(record));
  }
}

/** Kinds of the registry whose keys or bodies have card numbers in them. */
const NAMES_CARDS: ReadonlySet<string> = new Set([
  'control',
  'blacklist',
  'hold',
  'purse',
  'grey-record',
]);

/** The record as people may see it: card numbers masked. */
export function maskRecord(record: JournalRecord): JournalRecord {
  const entry: Entry = { ...record.entry };
  const transaction = entry.fact?.transaction;
  if (transaction !== undefined) {
    const shown = { ...transaction };
    if (shown.cardNumber !== undefined) shown.cardNumber = maskPan(shown.cardNumber);
    if (shown.note !== undefined) shown.note = maskDigitRuns(shown.note);
    if (shown.extra !== undefined) {
      const items = Object.entries(shown.extra);
      shown.extra = Object.fromEntries(items.map(([key, value]) => [key, maskDigitRuns(value)]));
    }
    entry.fact = { transaction: shown };
  }
  if (entry.registry !== undefined) {
    entry.registry = entry.registry.map((change) => {
      const { kind, key } = change;
      if (kind === 'card') return { ...change, key: maskPan(key), body: null };
      if (NAMES_CARDS.has(kind)) return { ...change, key: maskDigitRuns(key), body: null };
      return key.startsWith('wallet/') ? { ...change, body: null } : change;
    });
  }
  return { ...record, entry };
}

/** One line: position, time, business date, institution, status, what happened. */
function summary(record: JournalRecord): string {
  const { position, timestampUs, businessDate, status } = record;
  const { institution } = record.entry;
  const time = new Date(timestampUs / 1000).toISOString();
  const what = describe(maskRecord(record));
  return [String(position).padStart(9), time, businessDate || '-', institution || '-', status, what]
    .join('  ')
    .trimEnd();
}

function describe({ entry, outcomes }: JournalRecord): string {
  const { fact } = entry;
  const parts: string[] = [];
  if (fact?.transaction) {
    const { kind, terminalId, traceNumber, cardNumber, responseCode } = fact.transaction;
    parts.push([kind, terminalId, traceNumber, cardNumber, responseCode].filter(Boolean).join(' '));
  } else if (fact?.businessDayClosed) {
    parts.push(`business day ${fact.businessDayClosed.date} closed`);
  } else if (fact?.module) {
    const { module } = fact;
    parts.push(describeKeyEvent(module) ?? `${module.module} ${module.kind}`);
  } else if (fact) parts.push(Object.keys(fact)[0]!);
  for (const { amountFen } of outcomes) parts.push(yuan(amountFen));
  for (const { kind, key } of entry.registry ?? []) parts.push(`${kind}/${key}`);
  if (entry.accounts) parts.push(`${entry.accounts.length} accounts opened`);
  if (entry.expired) parts.push(`pending transfer ${idToHex(entry.expired)} expired`);
  return parts.join('; ');
}
