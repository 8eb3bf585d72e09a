/** What the day refers to in days before it: the terms of those payments, and what they gave back already. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { BusinessDayRange } from '../../ledger/business-day.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { JournalRecord, TransactionFact } from '../../ledger/types.ts';
import { movementOf } from './day.ts';
import { type Earlier, paymentOf } from './line-fee.ts';
import { type PostingParts, planOf } from './postings.ts';
import type { DayTerms } from './terms.ts';

export async function earlierOf(
  { from, to }: BusinessDayRange,
  parts: PostingParts,
): Promise<Earlier> {
  const { institution, date, reader } = parts;
  const dates = new Set<string>();
  const asked = new Map<number, { paidFen: number; refundFen: number }>();
  for (const record of reader.records({ from: from + 1, to })) {
    const fact = record.entry.fact?.transaction;
    if (!fact?.originalPosition || record.entry.institution !== institution) continue;
    const payment = paymentOf(fact, reader);
    if (payment === null || payment.businessDate === date) continue;
    dates.add(payment.businessDate);
    if (!isRefund(record, fact, reader)) continue;
    const original = reader.record(fact.originalPosition)?.entry.fact?.transaction;
    const { refundFen } = asked.get(fact.originalPosition) ?? { refundFen: 0 };
    asked.set(fact.originalPosition, {
      paidFen: original?.amountFen ?? 0,
      refundFen: refundFen + (fact.amountFen ?? 0),
    });
  }
  const terms = new Map<string, DayTerms>();
  for (const earlier of [...dates].sort()) {
    terms.set(earlier, await planOf({ ...parts, date: earlier }));
  }
  // What was given back whole today cannot have been given back before: the ledger refuses more.
  const partly = [...asked].filter(([, { paidFen, refundFen }]) => refundFen < paidFen);
  const refundedFen = await refundsBefore(new Set(partly.map(([at]) => at)), from, reader);
  return { terms, refundedFen };
}

/** So many records are read before others get their turn. */
const RECORDS_AT_ONCE = 5_000;

/** The journal from the oldest of the payments to the day: no index says what refers to a record. */
async function refundsBefore(
  payments: ReadonlySet<number>,
  to: number,
  reader: Reader,
): Promise<Map<number, number>> {
  const refundedFen = new Map<number, number>();
  if (payments.size === 0) return refundedFen;
  let read = 0;
  for (const record of reader.records({ from: Math.min(...payments) + 1, to })) {
    if (++read % RECORDS_AT_ONCE === 0) await breathe();
    const fact = record.entry.fact?.transaction;
    const position = fact?.originalPosition ?? 0;
    if (!payments.has(position) || !isRefund(record, fact!, reader)) continue;
    refundedFen.set(position, (refundedFen.get(position) ?? 0) + (fact!.amountFen ?? 0));
  }
  return refundedFen;
}

/** Whether it gave money back: one that was refused, or that a host still has to answer, did not. */
function isRefund(record: JournalRecord, fact: TransactionFact, reader: Reader): boolean {
  if (!fact.kind.endsWith('refund') || record.status !== 'applied') return false;
  const merchant = reader.registry.get('merchant', fact.merchantId ?? '')?.value;
  return merchant !== undefined && movementOf(record, merchant) !== 0;
}
