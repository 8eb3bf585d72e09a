/** What the balances of both accounts say about the amount of a transfer. */
import type { AccountTable } from './accounts.ts';
import type { TransferView } from './entry-view.ts';
import { APPLIED, STATUS } from './status.ts';
import { AccountFlag, TransferFlag } from './types.ts';

const { balancingDebit, balancingCredit } = TransferFlag;
const MAX = Number.MAX_SAFE_INTEGER;

/** The amount, cut to what balancing allows. */
export function balancedAmount(
  accounts: AccountTable,
  transfer: TransferView,
  debitRow: number,
  creditRow: number,
): number {
  let amount = transfer.amountFen < 0 ? MAX : transfer.amountFen;
  if ((transfer.flags & balancingDebit) !== 0) {
    const used = accounts.debitsPosted(debitRow) + accounts.debitsPending(debitRow);
    amount = Math.min(amount, Math.max(0, accounts.creditsPosted(debitRow) - used));
  }
  if ((transfer.flags & balancingCredit) !== 0) {
    const used = accounts.creditsPosted(creditRow) + accounts.creditsPending(creditRow);
    amount = Math.min(amount, Math.max(0, accounts.debitsPosted(creditRow) - used));
  }
  return amount;
}

/** The balance that would leave the safe integers, or 0. */
export function overflow(
  accounts: AccountTable,
  amount: number,
  pending: boolean,
  debitRow: number,
  creditRow: number,
): number {
  const debitsPending = accounts.debitsPending(debitRow);
  const debitsPosted = accounts.debitsPosted(debitRow);
  const creditsPending = accounts.creditsPending(creditRow);
  const creditsPosted = accounts.creditsPosted(creditRow);
  // Balances are never negative: when the sums have room, so has each part of them.
  const room = MAX - amount;
  const fits = debitsPending + debitsPosted <= room && creditsPending + creditsPosted <= room;
  if (fits) return APPLIED;
  if (pending) {
    if (amount > MAX - debitsPending) return STATUS.overflows_debits_pending;
    if (amount > MAX - creditsPending) return STATUS.overflows_credits_pending;
  }
  if (amount > MAX - debitsPosted) return STATUS.overflows_debits_posted;
  if (amount > MAX - creditsPosted) return STATUS.overflows_credits_posted;
  if (amount > MAX - debitsPending - debitsPosted) return STATUS.overflows_debits;
  if (amount > MAX - creditsPending - creditsPosted) return STATUS.overflows_credits;
  return APPLIED;
}

/** The limit of an account that would be exceeded, or 0. */
export function exceededLimit(
  accounts: AccountTable,
  amount: number,
  debitRow: number,
  debitFlags: number,
  creditRow: number,
  creditFlags: number,
): number {
  if ((debitFlags & AccountFlag.debitsMustNotExceedCredits) !== 0) {
    const debits = accounts.debitsPending(debitRow) + accounts.debitsPosted(debitRow);
    if (amount > accounts.creditsPosted(debitRow) - debits) return STATUS.exceeds_credits;
  }
  if ((creditFlags & AccountFlag.creditsMustNotExceedDebits) !== 0) {
    const credits = accounts.creditsPending(creditRow) + accounts.creditsPosted(creditRow);
    if (amount > accounts.debitsPosted(creditRow) - credits) return STATUS.exceeds_debits;
  }
  return APPLIED;
}
