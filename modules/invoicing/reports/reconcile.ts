/**
 * Charges against bills against the fiscal side (收费对账): the journal says what came in, the live
 * bills say what was billed, and everything between them has a reason.
 */

import { totalFenOf } from '../bill/bill.ts';
import { channelFen } from '../bill/content.ts';
import type { FiscalFront } from '../fiscal/front.ts';
import type { DateRange, InvoicingQueries } from '../queries.ts';
import type { Charge } from '../tables.ts';

export interface MerchantSum {
  merchantId: string;
  name: string;
  /** What the ledger moved, payments less what was paid back. */
  ledgerFen: number;
  /** Live bills' part that was paid through the journal. */
  billedFen: number;
  /** What has no bill, or not the right one: each is in `differences`. */
  explainedFen: number;
}

export interface Difference {
  /** A busNo, or the position of a payment. */
  subject: string;
  ledgerFen: number;
  billedFen: number;
  reason: string;
}

export interface Reconciliation {
  merchants: MerchantSum[];
  differences: Difference[];
  /** Counts and sums of all bills, red ones negative. */
  bills: { normal: number; red: number; netFen: number };
  fiscal: { accepted: number; waiting: number; failing: number };
  /** True when every fen is billed or explained. */
  holds: boolean;
}

/** A bill says that the journal holds its money, and no payment of the journal is known for it. */
const NO_PAYMENT = 'billed-without-payment';

/** Over everything that the journal holds of an institution. */
export function reconcile(queries: InvoicingQueries, institution: string): Reconciliation {
  const everything: DateRange = { from: '00000000', to: '99999999' };
  const sums = new Map<string, MerchantSum>();
  const sumOf = (merchantId: string): MerchantSum => {
    let sum = sums.get(merchantId);
    if (sum === undefined) {
      const name = queries.merchantName(merchantId);
      sum = { merchantId, name, ledgerFen: 0, billedFen: 0, explainedFen: 0 };
      sums.set(merchantId, sum);
    }
    return sum;
  };
  for (const { merchant, paidFen, paidBackFen } of queries.moneyDays(institution, everything)) {
    sumOf(merchant).ledgerFen += paidFen - paidBackFen;
  }
  const differences: Difference[] = [];
  for (const { value: charge } of queries.charges(institution)) {
    differences.push(...reconcileCharge(queries, charge, sumOf));
  }
  for (const { payment, reason } of queries.unbilledPayments(institution, 1_000_000)) {
    sumOf(payment.merchantId).explainedFen += payment.netFen;
    const subject = String(payment.position);
    differences.push({ subject, ledgerFen: payment.netFen, billedFen: 0, reason });
  }
  const { bills, fiscal } = countBills(queries, institution, everything);
  const merchants = [...sums.values()].sort((a, b) => (a.merchantId < b.merchantId ? -1 : 1));
  const unpaid = differences.some(({ reason }) => reason === NO_PAYMENT);
  const adds = merchants.every((sum) => sum.ledgerFen === sum.billedFen + sum.explainedFen);
  const holds = adds && !unpaid;
  return { merchants, differences, bills, fiscal, holds };
}

function reconcileCharge(
  queries: InvoicingQueries,
  charge: Charge,
  sumOf: (merchantId: string) => MerchantSum,
): Difference[] {
  const { busNo, institution, reason } = charge;
  const payments = charge.payments
    .map((position) => queries.payment(position)!)
    .filter((payment) => payment.busNo === busNo);
  const billedFen = charge.liveBill === null ? 0 : liveFen(queries, institution, charge);
  const [first] = payments;
  if (first === undefined) {
    if (billedFen === 0) return [];
    return [{ subject: busNo, ledgerFen: 0, billedFen, reason: NO_PAYMENT }];
  }
  const ledgerFen = payments.reduce((sum, { netFen }) => sum + netFen, 0);
  const sum = sumOf(first.merchantId);
  sum.billedFen += billedFen;
  sum.explainedFen += reason === '' ? 0 : ledgerFen - billedFen;
  if (ledgerFen === billedFen) return [];
  return [{ subject: busNo, ledgerFen, billedFen, reason: reason || 'unexplained' }];
}

/** The part of the live bill that came through the journal. */
function liveFen(queries: InvoicingQueries, institution: string, charge: Charge): number {
  const { bill, state } = queries.billByKey(charge.liveBill!)!;
  const codes = new Set(
    bill.content.channels
      .map(({ code }) => code)
      .filter((code) => queries.managed(institution, 'channel', code)?.value.journal),
  );
  const paidFen = channelFen(bill.content, codes);
  return paidFen === 0 ? 0 : paidFen - (bill.voucher ? state.cancelledFen : 0);
}

function countBills(queries: InvoicingQueries, institution: string, range: DateRange) {
  const bills = { normal: 0, red: 0, netFen: 0 };
  const fiscal = { accepted: 0, waiting: 0, failing: 0 };
  for (const { bill, state } of queries.billsOfDays(institution, range)) {
    bills[bill.kind]++;
    bills.netFen += totalFenOf(bill);
    fiscal[state.fiscal]++;
  }
  return { bills, fiscal };
}

export interface FiscalDifference {
  bill: string;
  problem: 'only-here' | 'only-there' | 'amount-differs';
  hereFen: number;
  thereFen: number;
}

/** Item by item, our bills of a business date against the fiscal side's. Rejects with FrontError. */
export async function reconcileFiscalDay(
  queries: InvoicingQueries,
  front: FiscalFront,
  institution: string,
  date: string,
): Promise<{ here: number; there: number; differences: FiscalDifference[] }> {
  const unitCode = queries.managed(institution, 'unit', 'unit')?.value.code ?? '';
  const rows = await front.billsOfDate(unitCode, date);
  const there = new Map(rows.map((row) => [`${row.billCode}-${row.billNumber}`, row.totalFen]));
  const count = there.size;
  const differences: FiscalDifference[] = [];
  let here = 0;
  for (const { key, bill } of queries.billsOfDays(institution, { from: date, to: date })) {
    here++;
    const hereFen = totalFenOf(bill);
    const thereFen = there.get(key);
    there.delete(key);
    if (thereFen === undefined) {
      differences.push({ bill: key, problem: 'only-here', hereFen, thereFen: 0 });
    } else if (thereFen !== hereFen) {
      differences.push({ bill: key, problem: 'amount-differs', hereFen, thereFen });
    }
  }
  for (const [key, thereFen] of there) {
    differences.push({ bill: key, problem: 'only-there', hereFen: 0, thereFen });
  }
  return { here, there: count, differences };
}
