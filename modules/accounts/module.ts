/**
 * The view of accounts: which records moved each of them (a card's statement), and what the accounts
 * of each institution and code hold together (the trial balance), without reading the journal again.
 */
import { idToHex, transferId } from '../../ledger/id.ts';
import { decodeRegistryValue } from '../../ledger/registry.ts';
import {
  type Balances,
  type Entry,
  type JournalRecord,
  TransferFlag,
  type TransferInput,
} from '../../ledger/types.ts';
import { positionKey, positionOf } from '../frame/keys.ts';
import type { Module, TableSource, WritableTableSource } from '../frame/module.ts';

/** What is known of an account. */
export interface AccountRow extends Balances {
  institution: string;
  ledger: number;
  code: number;
}

/** Sums over the accounts of one institution and code. */
export interface CodeTotals extends AccountRow {
  accounts: number;
}

export interface AccountQueries {
  account(id: string): AccountRow | undefined;
  /** Positions of the records that moved the account, newest first, before a position. */
  movements(id: string, before: number | null, limit: number): number[];
  /** By institution, ledger and code. */
  totals(institution?: string): CodeTotals[];
  /** The number of the card whose account this is. */
  cardNumber(accountId: string): string | undefined;
}

const BALANCES = [
  'debitsPendingFen',
  'debitsPostedFen',
  'creditsPendingFen',
  'creditsPostedFen',
] as const;

export const accounts: Module<AccountQueries> = {
  name: 'accounts',
  version: 1,

  apply(record, tables) {
    if (record.status !== 'applied') return;
    const { entry } = record;
    for (const { id, ledger, code } of entry.accounts ?? []) {
      openAccount(idToHex(id), { institution: ownerOf(entry), ledger, code }, tables);
    }
    for (const { kind, key, body } of entry.registry ?? []) {
      if (kind !== 'card' || body === null) continue;
      const { accountId } = decodeRegistryValue('card', body);
      tables.table<string>('cards').put(idToHex(accountId), key);
    }
    applyTransfers(record, tables);
  },

  queries: (tables: TableSource): AccountQueries => ({
    account: (id) => tables.table<AccountRow>('accounts').get(id),
    movements(id, before, limit) {
      const prefix = `${id}/`;
      const to = before === null ? {} : { to: prefix + positionKey(before) };
      const range = { prefix, reverse: true, limit, ...to };
      return [...tables.table<number>('movements').range(range)].map(({ key }) => positionOf(key));
    },
    totals(institution) {
      const prefix = institution === undefined ? '' : `${institution}/`;
      return [...tables.table<CodeTotals>('totals').range({ prefix })].map(({ value }) => value);
    },
    cardNumber: (accountId) => tables.table<string>('cards').get(accountId),
  }),
};

/** The entry that makes an institution opens its first accounts, and is the deployment's own. */
function ownerOf({ institution, registry = [] }: Entry): string {
  if (institution !== '') return institution;
  return registry.find(({ kind }) => kind === 'institution')?.key ?? '';
}

type Opened = Pick<AccountRow, 'institution' | 'ledger' | 'code'>;

function openAccount(id: string, opened: Opened, tables: WritableTableSource): void {
  const zero = {
    debitsPendingFen: 0,
    debitsPostedFen: 0,
    creditsPendingFen: 0,
    creditsPostedFen: 0,
  };
  tables.table<AccountRow>('accounts').put(id, { ...opened, ...zero });
  const totals = tables.table<CodeTotals>('totals');
  const was = totals.get(totalsKey(opened)) ?? { ...opened, ...zero, accounts: 0 };
  totals.put(totalsKey(opened), { ...was, accounts: was.accounts + 1 });
}

function applyTransfers(record: JournalRecord, tables: WritableTableSource): void {
  for (const [index, transfer] of (record.entry.transfers ?? []).entries()) {
    const outcome = record.outcomes[index];
    const sides = sidesOf(record, index, transfer, tables);
    if (outcome === undefined || sides === null) continue;
    move(sides.debit, outcome.debit, record.position, tables);
    move(sides.credit, outcome.credit, record.position, tables);
  }
}

interface Sides {
  debit: string;
  credit: string;
}

/** Both accounts; a transfer that resolves a pending one need not name them. */
function sidesOf(
  { entry }: JournalRecord,
  index: number,
  transfer: TransferInput,
  tables: WritableTableSource,
): Sides | null {
  const pending = tables.table<Sides>('pending');
  const { flags = 0, debitAccount, creditAccount, pendingId } = transfer;
  if (flags & (TransferFlag.postPending | TransferFlag.voidPending)) {
    return pendingId === undefined ? null : (pending.get(idToHex(pendingId)) ?? null);
  }
  if (debitAccount === undefined || creditAccount === undefined) return null;
  const sides = { debit: idToHex(debitAccount), credit: idToHex(creditAccount) };
  if (flags & TransferFlag.pending) {
    pending.put(idToHex(transfer.id ?? transferId(entry.id, index)), sides);
  }
  return sides;
}

/** Sets the account's balances, and moves the sums of its code by the difference. */
function move(id: string, balances: Balances, position: number, tables: WritableTableSource): void {
  const rows = tables.table<AccountRow>('accounts');
  const was = rows.get(id);
  if (was === undefined) throw new Error(`position ${position}: account ${id} was never opened`);
  const now = { ...was };
  const totals = tables.table<CodeTotals>('totals');
  const sums = { ...totals.get(totalsKey(was))! };
  for (const name of BALANCES) {
    now[name] = balances[name];
    sums[name] += balances[name] - was[name];
  }
  rows.put(id, now);
  totals.put(totalsKey(was), sums);
  tables.table<number>('movements').put(`${id}/${positionKey(position)}`, 1);
}

function totalsKey({ institution, ledger, code }: Opened): string {
  return `${institution}/${ledger}/${positionKey(code)}`;
}
