/**
 * What a transaction of the day costs its merchant. What refers to a payment (a refund, a void, a
 * correction) is charged by the terms of the payment's own day, so that no change of terms between the
 * two gives back more than was taken.
 */
import type { Reader } from '../../ledger/reader.ts';
import type { JournalRecord, TransactionFact } from '../../ledger/types.ts';
import { feeFen, returnableFeeFen, returnedShareFen } from './fee.ts';
import { type DayTerms, feeTermsOf, type MerchantTerms } from './terms.ts';

/** Records that change what an earlier one paid: their amount is not what they moved. */
export const CORRECTIONS = new Set(['adjustment']);

/** A void of a void, of an adjustment: longer chains do not occur. */
const FOLLOWED_MOST = 8;
const REFERS = /(refund|void|reversal|adjustment)$/;

/** What was before the day and counts in it. */
export interface Earlier {
  /** Terms of earlier days, by date, where payments of theirs are referred to. */
  terms: ReadonlyMap<string, DayTerms>;
  /** Refunds of a payment before the day, by its position. */
  refundedFen: ReadonlyMap<number, number>;
}

/** Fees in the order of the journal: what was refunded before is kept from line to line. */
export class LineFees {
  private readonly reader: Reader;
  private readonly earlier: Earlier;
  private readonly refundedFen: Map<number, number>;

  constructor(reader: Reader, earlier: Earlier) {
    this.reader = reader;
    this.earlier = earlier;
    this.refundedFen = new Map(earlier.refundedFen);
  }

  /**
   * A void or reversal takes the whole fee back; a refund takes its share when the terms say so; a
   * correction pays the difference between the fees of both amounts.
   */
  feeOf(fact: TransactionFact, amountFen: number, channel: string, own: MerchantTerms): number {
    const terms = feeTermsOf(this.termsOf(fact, own), channel);
    const original = originalOf(fact, this.reader)?.entry.fact?.transaction;
    if (CORRECTIONS.has(fact.kind)) {
      return feeFen(fact.amountFen ?? 0, terms) - feeFen(original?.amountFen ?? 0, terms);
    }
    const absoluteFen = Math.abs(amountFen);
    if (!fact.kind.endsWith('refund')) {
      const fee = feeFen(absoluteFen, terms);
      return amountFen < 0 ? 0 - fee : fee;
    }
    const position = fact.originalPosition ?? 0;
    const beforeFen = this.refundedFen.get(position) ?? 0;
    if (position !== 0) this.refundedFen.set(position, beforeFen + absoluteFen);
    if (!terms.refundReturnsFee) return 0;
    const paidFen = original?.amountFen ?? absoluteFen;
    const returnableFen = returnableFeeFen(paidFen, terms);
    return 0 - returnedShareFen({ returnableFen, paidFen, beforeFen, refundFen: absoluteFen });
  }

  private termsOf(fact: TransactionFact, own: MerchantTerms): MerchantTerms {
    const payment = paymentOf(fact, this.reader);
    const day = payment === null ? undefined : this.earlier.terms.get(payment.businessDate);
    return day?.merchants[fact.merchantId ?? ''] ?? own;
  }
}

/** The payment that a transaction refers to, whatever stands between them; null when it is one. */
export function paymentOf(fact: TransactionFact, reader: Reader): JournalRecord | null {
  let found: JournalRecord | null = null;
  let at: TransactionFact | undefined = fact;
  for (let step = 0; step < FOLLOWED_MOST && at !== undefined && REFERS.test(at.kind); step++) {
    const original = originalOf(at, reader);
    if (original === null) break;
    found = original;
    at = original.entry.fact?.transaction;
  }
  return found;
}

function originalOf({ originalPosition = 0 }: TransactionFact, reader: Reader) {
  return originalPosition === 0 ? null : reader.record(originalPosition);
}
