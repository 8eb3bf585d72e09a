/** The merchant's fee of one transaction (商户手续费). */

const MICROS = 1_000_000n;

export interface FeeTerms {
  /** Millionths of the amount: 0.38 % is 3800. */
  feeRateMicros: number;
  /** 0: no cap. */
  feeCapFen: number;
}

/** Rate times amount, half a fen rounded up, at most the cap. The amount is not negative. */
export function feeFen(amountFen: number, { feeRateMicros, feeCapFen }: FeeTerms): number {
  const fee = Number((BigInt(amountFen) * BigInt(feeRateMicros) + MICROS / 2n) / MICROS);
  return feeCapFen > 0 ? Math.min(fee, feeCapFen) : fee;
}
