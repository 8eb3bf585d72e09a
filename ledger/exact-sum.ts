/** Sums of safe integers that are not negative, exact also when the sum is no safe integer any more. */
const SCALE = 2 ** 52;

export class ExactSum {
  private high = 0;
  private low = 0;

  add(value: number): void {
    let rest = value;
    if (rest >= SCALE) {
      rest -= SCALE;
      this.high++;
    }
    this.low += rest;
    if (this.low < SCALE) return;
    this.low -= SCALE;
    this.high++;
  }

  addSum(other: ExactSum): void {
    this.add(other.low);
    this.high += other.high;
  }

  equals(other: ExactSum): boolean {
    return this.high === other.high && this.low === other.low;
  }

  /** The sum as a number: exact up to 2^53 - 1, rounded above. */
  toNumber(): number {
    return this.high * SCALE + this.low;
  }
}

/** The four balances summed over accounts. */
export class BalanceSum {
  readonly debitsPending = new ExactSum();
  readonly debitsPosted = new ExactSum();
  readonly creditsPending = new ExactSum();
  readonly creditsPosted = new ExactSum();

  add(balances: {
    debitsPendingFen: number;
    debitsPostedFen: number;
    creditsPendingFen: number;
    creditsPostedFen: number;
  }): void {
    this.debitsPending.add(balances.debitsPendingFen);
    this.debitsPosted.add(balances.debitsPostedFen);
    this.creditsPending.add(balances.creditsPendingFen);
    this.creditsPosted.add(balances.creditsPostedFen);
  }

  addSum(other: BalanceSum): void {
    this.debitsPending.addSum(other.debitsPending);
    this.debitsPosted.addSum(other.debitsPosted);
    this.creditsPending.addSum(other.creditsPending);
    this.creditsPosted.addSum(other.creditsPosted);
  }

  /** True when debits are credits, the posted and the pending ones. */
  isBalanced(): boolean {
    return (
      this.debitsPosted.equals(this.creditsPosted) && this.debitsPending.equals(this.creditsPending)
    );
  }

  toBalances() {
    return {
      debitsPendingFen: this.debitsPending.toNumber(),
      debitsPostedFen: this.debitsPosted.toNumber(),
      creditsPendingFen: this.creditsPending.toNumber(),
      creditsPostedFen: this.creditsPosted.toNumber(),
    };
  }
}
