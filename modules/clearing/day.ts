/**
 * What a business day owes its merchants, read from the journal: one line for each transaction that
 * moved a merchant's money, with its fee, and one for each correction that two persons approved.
 */
import type { BusinessDayRange } from '../../ledger/business-day.ts';
import { TransferCode } from '../../ledger/chart-of-accounts.ts';
import { idToHex } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { Merchant } from '../../ledger/registry-kinds.ts';
import { transactionChannel } from '../../ledger/transaction-channel.ts';
import { type JournalRecord, type TransactionFact, TransferFlag } from '../../ledger/types.ts';
import { CORRECTIONS, type Earlier, LineFees } from './line-fee.ts';
import type { Unexplained } from './suspense.ts';
import type { DayTerms, MerchantTerms } from './terms.ts';

export interface ClearingLine {
  position: number;
  /** Field 37 of the answer, by which everybody knows it: where it began, when a host had to agree. */
  reference: number;
  timestampUs: number;
  kind: string;
  /** Which way the money came: `one-card`, `purse`, `scan`, `correction`, or the name of a host. */
  channel: string;
  /** The department that the transaction names; otherwise the merchant's category. */
  department: string;
  terminalId: string;
  batchNumber: string;
  traceNumber: string;
  cardNumber: string;
  processingCode: string;
  messageType: string;
  entryMode: string;
  /** What the merchant gets, negative for what it gives back. */
  amountFen: number;
  /** What the merchant pays for it, negative for a fee that is returned. */
  feeFen: number;
  originalPosition: number;
  /** How its message was named on its way, and that of what it takes back or changes. */
  sent: SentName;
  originalSent: SentName | null;
}

/** Trace number and time of a message: by these two a clearing flow names it. */
export interface SentName {
  traceNumber: string;
  timestampUs: number;
}

export interface MerchantDay {
  merchant: Merchant;
  terms: MerchantTerms;
  lines: ClearingLine[];
  /** Payments less what was voided or reversed. */
  grossFen: number;
  refundFen: number;
  feeFen: number;
  /** What is paid out: gross − refunds − fees. */
  netFen: number;
  /** What the ledger moved on the merchant's account: gross − refunds explain it, or a suspense. */
  ledgerMovementFen: number;
}

/** The merchants of the institution with their lines, ordered by merchant id; idle ones too. */
export function merchantDays(
  institution: string,
  { from, to }: BusinessDayRange,
  reader: Reader,
  terms: DayTerms,
  earlier: Earlier,
): MerchantDay[] {
  const fees = new LineFees(reader, earlier);
  const days = new Map<string, MerchantDay>();
  for (const { value: merchant } of reader.registry.list('merchant')) {
    // A merchant that came after the day was first cleared has no terms in it, and no business.
    const own = terms.merchants[merchant.id];
    if (merchant.institution === institution && own !== undefined) {
      days.set(merchant.id, emptyDay(merchant, own));
    }
  }
  const accounts = new Map([...days.values()].map((day) => [idToHex(day.merchant.accountId), day]));
  for (const record of reader.records({ from: from + 1, to })) {
    const moved = record.status === 'applied' && record.outcomes.length > 0;
    if (!moved || record.entry.institution !== institution) continue;
    const fact = record.entry.fact?.transaction;
    if (fact === undefined) {
      addOther(accounts, record);
      continue;
    }
    const day = days.get(fact.merchantId ?? '');
    if (day === undefined) throw new Error(`position ${record.position}: merchant unknown`);
    addRecord(day, record, fact, reader, fees);
  }
  return [...days.values()].sort((a, b) => (a.merchant.id < b.merchant.id ? -1 : 1));
}

function emptyDay(merchant: Merchant, terms: MerchantTerms): MerchantDay {
  const zero = { grossFen: 0, refundFen: 0, feeFen: 0, netFen: 0, ledgerMovementFen: 0 };
  return { merchant, terms, lines: [], ...zero };
}

function addRecord(
  day: MerchantDay,
  record: JournalRecord,
  fact: TransactionFact,
  reader: Reader,
  fees: LineFees,
): void {
  const movementFen = movementOf(record, day.merchant);
  // Money that is only held, and money between card holders, is no business of the merchant's day.
  if (movementFen === 0 && !CORRECTIONS.has(fact.kind)) return;
  const amountFen = saidAmount(fact, movementFen, reader);
  const channel = transactionChannel(fact, reader);
  const fee = fees.feeOf(fact, amountFen, channel, day.terms);
  const reference = Number(fact.extra?.['asked'] ?? record.position);
  const originalPosition = fact.originalPosition ?? 0;
  day.lines.push({
    position: record.position,
    reference,
    timestampUs: record.timestampUs,
    kind: fact.kind,
    channel,
    department: fact.extra?.['department'] ?? day.merchant.category,
    terminalId: fact.terminalId ?? '',
    batchNumber: fact.batchNumber ?? '',
    traceNumber: fact.traceNumber ?? '',
    cardNumber: fact.cardNumber ?? '',
    processingCode: fact.processingCode ?? '',
    messageType: fact.messageType ?? '',
    entryMode: fact.entryMode ?? '',
    amountFen,
    feeFen: fee,
    originalPosition,
    sent: (reference === record.position ? null : sentAs(reference, reader)) ?? nameOf(record),
    originalSent: originalPosition === 0 ? null : sentAs(originalPosition, reader),
  });
  if (fact.kind.endsWith('refund')) day.refundFen -= amountFen;
  else day.grossFen += amountFen;
  day.feeFen += fee;
  day.netFen += amountFen - fee;
  day.ledgerMovementFen += movementFen;
}

function sentAs(position: number, reader: Reader): SentName | null {
  const record = reader.record(position);
  return record === null ? null : nameOf(record);
}

function nameOf({ entry, timestampUs }: JournalRecord): SentName {
  return { traceNumber: entry.fact?.transaction?.traceNumber ?? '', timestampUs };
}

/**
 * What moved a merchant's money without a transaction. A correction that two persons approved is a
 * line of the day; clearing's own entries are none; for anything else there is no explanation.
 */
function addOther(accounts: ReadonlyMap<string, MerchantDay>, record: JournalRecord): void {
  const { entry } = record;
  if (entry.fact?.settlementPosted !== undefined) return;
  const { module, kind } = entry.fact?.module ?? {};
  const isApproved = module === 'approvals' && kind === 'approved';
  for (const day of touchedBy(record, accounts)) {
    const amountFen = movementOf(record, day.merchant);
    day.ledgerMovementFen += amountFen;
    if (!isApproved || amountFen === 0) continue;
    day.lines.push(correctionLine(record, day.merchant, amountFen));
    day.grossFen += amountFen;
    day.netFen += amountFen;
  }
}

function touchedBy(
  { entry }: JournalRecord,
  accounts: ReadonlyMap<string, MerchantDay>,
): Set<MerchantDay> {
  const touched = new Set<MerchantDay>();
  for (const { debitAccount, creditAccount } of entry.transfers ?? []) {
    for (const account of [debitAccount, creditAccount]) {
      const day = account === undefined ? undefined : accounts.get(idToHex(account));
      if (day !== undefined) touched.add(day);
    }
  }
  return touched;
}

/** Nobody pays a fee for a correction, and no terminal made it. */
function correctionLine(
  { position, timestampUs }: JournalRecord,
  { category }: Merchant,
  amountFen: number,
): ClearingLine {
  const none = { terminalId: '', batchNumber: '', traceNumber: '', cardNumber: '' };
  return {
    ...none,
    position,
    reference: position,
    timestampUs,
    kind: 'correction',
    channel: 'correction',
    department: category,
    processingCode: '',
    messageType: '',
    entryMode: '',
    amountFen,
    feeFen: 0,
    originalPosition: 0,
    sent: { traceNumber: '', timestampUs },
    originalSent: null,
  };
}

/** What the ledger moved on merchants' accounts beyond what their lines say. */
export function unexplainedOf(days: readonly MerchantDay[]): Unexplained[] {
  return days.flatMap(({ merchant, ledgerMovementFen, grossFen, refundFen }) => {
    const amountFen = ledgerMovementFen - (grossFen - refundFen);
    return amountFen === 0 ? [] : [{ merchantId: merchant.id, amountFen }];
  });
}

/**
 * What the transaction says that the merchant got, to be compared with what the ledger moved: its
 * amount in the direction of the money, or the difference between it and what it corrects.
 */
function saidAmount(fact: TransactionFact, movementFen: number, reader: Reader): number {
  const amountFen = fact.amountFen ?? 0;
  if (!CORRECTIONS.has(fact.kind)) return movementFen < 0 ? 0 - amountFen : amountFen;
  const corrected = reader.record(fact.originalPosition ?? 0)?.entry.fact?.transaction;
  if (corrected === undefined) throw new Error('a correction names no original');
  return amountFen - (corrected.amountFen ?? 0);
}

/** What is only reserved, or let go of, has not moved. */
const NOT_MOVED = TransferFlag.pending | TransferFlag.voidPending;

/** Credits less debits of the merchant's account by this record, from its transfers. */
export function movementOf({ entry, outcomes }: JournalRecord, { accountId }: Merchant): number {
  const account = idToHex(accountId);
  let movement = 0;
  for (const [index, transfer] of (entry.transfers ?? []).entries()) {
    if (((transfer.flags ?? 0) & NOT_MOVED) !== 0) continue;
    // It took out of an earlier day what this one has nothing to do with.
    if (transfer.code === TransferCode.clearingSuspense) continue;
    const moved = outcomes[index]?.amountFen ?? 0;
    if (transfer.creditAccount && idToHex(transfer.creditAccount) === account) movement += moved;
    if (transfer.debitAccount && idToHex(transfer.debitAccount) === account) movement -= moved;
  }
  return movement;
}
