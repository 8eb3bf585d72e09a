/**
 * Our side of a business date from the journal, as common records. A payment that was voided or
 * reversed did not succeed; one that a host still has to answer is pending.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { businessDayRange } from '../../ledger/business-day.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { Institution } from '../../ledger/registry-kinds.ts';
import { transactionChannel } from '../../ledger/transaction-channel.ts';
import type { JournalRecord, TransactionFact } from '../../ledger/types.ts';
import type { OwnRecord } from './record.ts';

/** What the kinds of transactions are to a bill; others move no money outside, or only reserve it. */
const KINDS: Readonly<Record<string, 'pay' | 'refund' | 'undo' | 'change'>> = {
  purchase: 'pay',
  completion: 'pay',
  'scan-payment': 'pay',
  'scan-order': 'pay',
  'offline-purchase': 'pay',
  'purse-payment': 'pay',
  'grey-record-paid': 'pay',
  'deposit-charge': 'pay',
  'cash-load': 'pay',
  load: 'pay',
  refund: 'refund',
  'scan-refund': 'refund',
  unload: 'refund',
  void: 'undo',
  reversal: 'undo',
  'completion-void': 'undo',
  'deposit-charge-void': 'undo',
  'cash-load-void': 'undo',
  adjustment: 'change',
};
/** Channels with bills of their own; everything else is in the acquirer's files. */
const OWN_BILLS = new Set(['wechat', 'alipay', 'wallet', 'insurance']);

export interface JournalSide {
  reader: Reader;
  institution: Institution;
  /** YYYYMMDD; a date that is still open counts up to now. */
  date: string;
  /** Of the bill: which transactions can be in it. */
  source: string;
  /** Only transactions of this channel, whatever the source; `all`: of every one. */
  channel?: string;
  /** Only what this merchant was paid and gave back. */
  merchant?: string;
}

/** The channels that a source leaves to other bills count, too: our own flow of a merchant holds all. */
const EVERY_CHANNEL = 'all';

/** Whether the date is one of the institution's business days, closed or current. */
export function isBusinessDay(institution: string, date: string, reader: Reader): boolean {
  const isCurrent = reader.head().businessDates[institution] === date;
  return isCurrent || businessDayRange(institution, date, reader) !== null;
}

/** Writes the records as NDJSON; returns how many. */
export function writeJournalSide(path: string, side: JournalSide): number {
  return writeRecords(path, journalRecords(side));
}

/** The same of what clearing settled for the date: the sums that a bank statement must show. */
export function writeSettlements(path: string, side: JournalSide): number {
  return writeRecords(path, settlementRecords(side));
}

function writeRecords(path: string, records: Iterable<OwnRecord>): number {
  const descriptor = openSync(path, 'w', 0o600);
  let count = 0;
  let pending = '';
  try {
    for (const record of records) {
      pending += `${JSON.stringify(record)}\n`;
      count++;
      if (pending.length < 1 << 18) continue;
      writeSync(descriptor, pending);
      pending = '';
    }
    writeSync(descriptor, pending);
  } finally {
    closeSync(descriptor);
  }
  return count;
}

/** The day's events in the order of the journal. */
export function* journalRecords(side: JournalSide): Iterable<OwnRecord> {
  const { reader, institution, date } = side;
  const range = businessDayRange(institution.id, date, reader);
  const from = range?.from ?? beginOf(institution.id, date, reader);
  const to = range?.to ?? reader.head().position;
  const ends = endings(side, from, to);
  for (const record of reader.records({ from: from + 1, to })) {
    const fact = factOf(record, side);
    if (fact === null || KINDS[fact.kind] === 'undo' || KINDS[fact.kind] === 'change') continue;
    const position = Number(fact.extra?.['asked'] ?? record.position);
    // A result names the record that asked; the asking record itself speaks for both.
    if (position !== record.position) continue;
    const status = ends.undone.has(position) ? 'failed' : ends.results.get(position);
    const amountFen = ends.amounts.get(position) ?? fact.amountFen ?? 0;
    yield { ...commonRecord(record, fact, status ?? statusOf(fact)), amountFen };
  }
}

/** One record for each merchant that clearing settled; the order id is date and merchant. */
function* settlementRecords(side: JournalSide): Iterable<OwnRecord> {
  const { reader, institution, date } = side;
  const from = businessDayRange(institution.id, date, reader)?.from ?? 0;
  for (const record of reader.records({ from: from + 1 })) {
    const settled = record.entry.fact?.settlementPosted;
    const isOurs = record.status === 'applied' && record.entry.institution === institution.id;
    if (settled === undefined || !isOurs || settled.date !== date || !settled.netFen) continue;
    if (!isOfMerchant(settled, side)) continue;
    yield {
      orderId: `${date}-${settled.merchantId ?? ''}`,
      type: settled.netFen > 0 ? 'pay' : 'refund',
      amountFen: Math.abs(settled.netFen),
      status: 'success',
      ...given('merchantId', settled.merchantId),
    };
  }
}

/** An open date begins where the one before was closed. */
function beginOf(institution: string, date: string, { registry }: Reader): number {
  return registry.get('setting', `business-day-begun/${institution}/${date}`)?.version ?? 0;
}

/** What became of transactions later, by position. Small: only what something came after. */
interface Endings {
  undone: Set<number>;
  /** What their host answered in the end. */
  results: Map<number, OwnRecord['status']>;
  /** What adjustments made of their amounts. */
  amounts: Map<number, number>;
}

function endings(side: JournalSide, from: number, to: number): Endings {
  const amounts = new Map<number, number>();
  /** Adjustments, to what they adjusted first of all: what comes later names the last of them. */
  const adjusted = new Map<number, number>();
  const undone = new Set<number>();
  const results = new Map<number, OwnRecord['status']>();
  const undoneBy = new Map<number, number>();
  for (const record of side.reader.records({ from: from + 1, to })) {
    const fact = factOf(record, side);
    if (fact === null) continue;
    const asked = Number(fact.extra?.['asked'] ?? 0);
    if (asked > 0) results.set(asked, fact.responseCode === '00' ? 'success' : 'failed');
    const named = fact.originalPosition ?? 0;
    const original = adjusted.get(named) ?? named;
    if (KINDS[fact.kind] === 'change' && original !== 0) {
      adjusted.set(record.position, original);
      amounts.set(original, fact.amountFen ?? 0);
      continue;
    }
    if (KINDS[fact.kind] !== 'undo' || original === 0 || statusOf(fact) !== 'success') continue;
    undoneBy.set(asked || record.position, original);
    // What undoes an undoing lets the payment stand again.
    const again = undoneBy.get(original);
    if (again === undefined) undone.add(original);
    else undone.delete(again);
  }
  return { undone, results, amounts };
}

function factOf({ entry, status }: JournalRecord, side: JournalSide): TransactionFact | null {
  const fact = entry.fact?.transaction;
  const isOurs = status === 'applied' && entry.institution === side.institution.id;
  if (fact === undefined || !isOurs || KINDS[fact.kind] === undefined) return null;
  const moves = (entry.transfers?.length ?? 0) > 0 || fact.extra?.['asked'] !== undefined;
  if (!moves || (fact.amountFen ?? 0) === 0 || !isOfMerchant(fact, side)) return null;
  if (side.channel === EVERY_CHANNEL) return fact;
  const channel = transactionChannel(fact, side.reader);
  if (side.channel !== undefined) return channel === side.channel ? fact : null;
  if (OWN_BILLS.has(side.source)) return channel === side.source ? fact : null;
  return OWN_BILLS.has(channel) ? null : fact;
}

function isOfMerchant({ merchantId }: { merchantId?: string }, { merchant }: JournalSide): boolean {
  return merchant === undefined || merchantId === merchant;
}

function statusOf(fact: TransactionFact): OwnRecord['status'] {
  if (fact.extra?.['hostSort'] !== undefined) return 'pending';
  return fact.responseCode === undefined || fact.responseCode === '00' ? 'success' : 'failed';
}

function commonRecord(
  record: JournalRecord,
  fact: TransactionFact,
  status: OwnRecord['status'],
): OwnRecord {
  const refund = KINDS[fact.kind] === 'refund';
  const reference = referenceOf(record.position);
  const { extra = {} } = fact;
  const ownId = extra['orderId'] ?? reference;
  const original = fact.originalPosition ? referenceOf(fact.originalPosition) : ownId;
  return {
    orderId: refund ? (extra['originalOrderId'] ?? original) : ownId,
    ...(refund ? { refundId: extra['refundId'] ?? reference } : {}),
    ...(extra['channelId'] === undefined ? {} : { channelId: extra['channelId'] }),
    retrievalReference: reference,
    type: refund ? 'refund' : 'pay',
    amountFen: fact.amountFen ?? 0,
    status,
    occurredAt: new Date(Math.floor(record.timestampUs / 1_000)).toISOString(),
    ...given('merchantId', fact.merchantId),
    ...given('terminalId', fact.terminalId),
    ...given('department', extra['department']),
    ...given('cashier', extra['cashier']),
    business: fact.kind,
  };
}

function given(name: 'merchantId' | 'terminalId' | 'department' | 'cashier', value?: string) {
  return value === undefined || value === '' ? {} : { [name]: value };
}

/** Field 37 of the answers: what terminals print on their slips, and hosts are told. */
function referenceOf(position: number): string {
  return String(position).padStart(12, '0');
}
