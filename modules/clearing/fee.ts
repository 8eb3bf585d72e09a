/** The merchant's fee of one transaction (商户手续费). */

const MICROS = 1_000_000n;

export interface FeeTerms {
  /** Millionths of the amount: 0.38 % is 3800. */
  feeRateMicros: number;
  /** 0: no cap. */
  feeCapFen: number;
  /** Left out: 0. */
  feeMinFen?: number;
  /** Added to every transaction, before minimum and cap. Left out: 0. */
  feePerItemFen?: number;
}

/** Rate times amount, half a fen rounded up. The amount is not negative. */
export function ratePartFen(amountFen: number, { feeRateMicros }: FeeTerms): number {
  return Number((BigInt(amountFen) * BigInt(feeRateMicros) + MICROS / 2n) / MICROS);
}

/**
 * The whole fee: the rate's part and the fee per item, at least the minimum, at most the cap. Nothing
 * for nothing.
 */
export function feeFen(amountFen: number, terms: FeeTerms): number {
  if (amountFen === 0) return 0;
  const { feeCapFen, feeMinFen = 0, feePerItemFen = 0 } = terms;
  const fee = Math.max(ratePartFen(amountFen, terms) + feePerItemFen, feeMinFen);
  return feeCapFen > 0 ? Math.min(fee, feeCapFen) : fee;
}

/** What refunds of a payment give back in all: the rate's part, at most the cap. Minimum and fee per item stay paid. */
export function returnableFeeFen(amountFen: number, terms: FeeTerms): number {
  const fee = ratePartFen(amountFen, terms);
  return terms.feeCapFen > 0 ? Math.min(fee, terms.feeCapFen) : fee;
}

/**
 * What one refund gives back of it. All refunds so far have given back their share, half a fen rounded
 * up: the one that gives back the last of the money gives back the last of the fee.
 */
export function returnedShareFen({
  returnableFen,
  paidFen,
  beforeFen,
  refundFen,
}: {
  returnableFen: number;
  paidFen: number;
  /** Refunds of the payment before this one. */
  beforeFen: number;
  refundFen: number;
}): number {
  const shareOf = (refundedFen: number): number => {
    const partFen = Math.min(refundedFen, paidFen);
    const doubled = 2n * BigInt(returnableFen) * BigInt(partFen) + BigInt(paidFen);
    return Number(doubled / (2n * BigInt(paidFen)));
  };
  return shareOf(beforeFen + refundFen) - shareOf(beforeFen);
}
