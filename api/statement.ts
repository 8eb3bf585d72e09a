/** Records of the journal as people and other software see them: card numbers masked, keys left out. */
import { z } from 'zod';
import { CHART_OF_ACCOUNTS, TransferCode } from '../ledger/chart-of-accounts.ts';
import { idToHex } from '../ledger/id.ts';
import type { Id, JournalRecord, TransactionFact } from '../ledger/types.ts';
import { maskDigitRuns, maskPan } from '../protocols/mask.ts';
import { instant, instantOf, signedFen } from './schemas.ts';

export const statementLine = z.object({
  position: z.int(),
  at: instant,
  businessDate: z.string(),
  /** `purchase`, `refund`, …; what the transfer's code says when it was no transaction. */
  kind: z.string(),
  merchantId: z.string(),
  terminalId: z.string(),
  /** What came in, negative for what went out. */
  amountFen: signedFen,
  balanceFen: signedFen,
});

/** What a record did to one account: money that came and went in it is one line. */
export function statementLineOf(record: JournalRecord, account: Id) {
  const id = idToHex(account);
  const { entry, position, outcomes } = record;
  const fact = entry.fact?.transaction;
  let amountFen = 0;
  let balanceFen = 0;
  let code = 0;
  for (const [index, transfer] of (entry.transfers ?? []).entries()) {
    const outcome = outcomes[index]!;
    const isDebit = transfer.debitAccount !== undefined && idToHex(transfer.debitAccount) === id;
    const isCredit = transfer.creditAccount !== undefined && idToHex(transfer.creditAccount) === id;
    if (!isDebit && !isCredit) continue;
    const after = isDebit ? outcome.debit : outcome.credit;
    amountFen += isDebit ? -outcome.amountFen : outcome.amountFen;
    balanceFen = after.creditsPostedFen - after.debitsPostedFen;
    code = transfer.code ?? code;
  }
  return {
    position,
    at: instantOf(record.timestampUs),
    businessDate: record.businessDate,
    kind: fact?.kind ?? codeName(code),
    merchantId: fact?.merchantId ?? '',
    terminalId: fact?.terminalId ?? '',
    amountFen,
    balanceFen,
  };
}

function codeName(code: number): string {
  const known = Object.entries(TransferCode).find(([, number]) => number === code);
  return known?.[0] ?? 'other';
}

/** The name of a code of the chart: `2001 就诊卡账户 Card holders`. */
export function chartName(code: number): string {
  const line = CHART_OF_ACCOUNTS.find((one) => one.code === code);
  return line === undefined ? '' : `${line.zh} ${line.en}`;
}

export const transactionView = z.object({
  position: z.int(),
  at: instant,
  businessDate: z.string(),
  status: z.string(),
  kind: z.string(),
  merchantId: z.string(),
  terminalId: z.string(),
  batchNumber: z.string(),
  traceNumber: z.string(),
  cardNumberMasked: z.string(),
  amountFen: z.int(),
  responseCode: z.string(),
  rule: z.string(),
  originalPosition: z.int().nullable(),
});

export function transactionViewOf({
  position,
  timestampUs,
  businessDate,
  status,
  entry,
}: JournalRecord) {
  const fact: TransactionFact = entry.fact?.transaction ?? { kind: '' };
  return {
    position,
    at: instantOf(timestampUs),
    businessDate,
    status,
    kind: fact.kind,
    merchantId: fact.merchantId ?? '',
    terminalId: fact.terminalId ?? '',
    batchNumber: fact.batchNumber ?? '',
    traceNumber: fact.traceNumber ?? '',
    cardNumberMasked: maskPan(fact.cardNumber ?? ''),
    amountFen: fact.amountFen ?? 0,
    responseCode: fact.responseCode ?? '',
    rule: fact.rule ?? '',
    originalPosition: fact.originalPosition || null,
  };
}

export const journalView = z.object({
  position: z.int(),
  at: instant,
  businessDate: z.string(),
  institution: z.string(),
  id: z.string(),
  status: z.string(),
  transaction: transactionView.nullable(),
  /** What a module or the API decided: its name and kind; the content stays inside. */
  module: z.object({ module: z.string(), kind: z.string(), key: z.string() }).nullable(),
  transfers: z.array(
    z.object({
      debitAccount: z.string(),
      creditAccount: z.string(),
      amountFen: z.int(),
      code: z.int(),
    }),
  ),
  changes: z.array(
    z.object({ kind: z.string(), key: z.string(), who: z.string(), why: z.string() }),
  ),
});

/** One record for a reader of the journal. */
export function journalViewOf(record: JournalRecord) {
  const { entry, position, timestampUs, businessDate, status, outcomes } = record;
  const fact = entry.fact?.module;
  return {
    position,
    at: instantOf(timestampUs),
    businessDate,
    institution: entry.institution,
    id: idToHex(entry.id),
    status,
    transaction: entry.fact?.transaction === undefined ? null : transactionViewOf(record),
    module:
      fact === undefined
        ? null
        : { module: fact.module, kind: fact.kind, key: maskDigitRuns(fact.key ?? '') },
    transfers: (entry.transfers ?? []).map(({ debitAccount, creditAccount, code }, index) => ({
      debitAccount: debitAccount === undefined ? '' : idToHex(debitAccount),
      creditAccount: creditAccount === undefined ? '' : idToHex(creditAccount),
      amountFen: outcomes[index]?.amountFen ?? 0,
      code: code ?? 0,
    })),
    changes: (entry.registry ?? []).map(({ kind, key, who, why }) => ({
      kind,
      key: kind === 'card' ? maskPan(key) : key,
      who,
      why,
    })),
  };
}
