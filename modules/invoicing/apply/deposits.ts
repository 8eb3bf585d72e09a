/** 预交金凭证: what of a deposit was paid back is cancelled; the voucher stays for what bills have used up. */
import type { BillKey, BillState } from '../bill/bill.ts';
import type { FactPayloads } from '../facts.ts';
import type { Charge, OutcomeRow } from '../tables.ts';
import { type Change, done, refused } from './change.ts';
import { chargeKey } from './links.ts';

/**
 * Whether a voucher is kept with its rest cancelled, instead of red-lettered as a whole. By edition 1
 * one that was paid back in parts stayed, however much that came to.
 */
export function staysForItsUse(charge: Charge, state: BillState, netFen: number): boolean {
  const cancelled = charge.rules < 2 && state.cancelledFen > 0;
  return state.consumedFen > 0 || cancelled || netFen > 0;
}

/** 预交金余额注销: what is left of the payment is left of the voucher. The reason against it, or null. */
export function cancelRest(
  change: Change,
  { key, bill, state }: NonNullable<ReturnType<Change['bill']>>,
  netFen: number,
): string | null {
  const { totalFen } = bill.content;
  const cancelledFen = totalFen - netFen;
  if (state.consumedFen + cancelledFen > totalFen) return 'deposit-already-used';
  change.tables.table('bill-states').put(key, { ...state, cancelledFen });
  return null;
}

/** A cancelled rest was paid in again: the refund itself was undone. */
export function restoreRest(change: Change, key: BillKey): void {
  const states = change.tables.table('bill-states');
  const state = states.get(key);
  if (state !== undefined && state.cancelledFen > 0) states.put(key, { ...state, cancelledFen: 0 });
}

/**
 * The HIS has paid the rest back itself. Of a deposit that was paid through the journal the refund
 * there says what was paid back, and nothing else does.
 */
export function applyVoucherCancelled(
  change: Change,
  payload: FactPayloads['voucher-cancelled'],
): OutcomeRow {
  const found = change.bill(payload);
  if (found === null) return refused('unknown-bill', 'there is no such bill');
  const { key, bill, state } = found;
  if (!bill.voucher) return refused('unknown-deposit', 'the bill is no deposit');
  if (bill.kind === 'red') return refused('is-a-red-bill', 'a red bill has no balance');
  if (state.state !== 'issued') {
    return refused('already-red-lettered', 'the voucher was red-lettered as a whole');
  }
  const charge = change.tables.table('charges').get(chargeKey(change.institution, bill.busNo));
  const leftFen = bill.content.totalFen - state.consumedFen - state.cancelledFen;
  if (leftFen > 0 && charge !== undefined && charge.links.length > 0) {
    return refused('deposit-not-paid-back', 'refund the payment: that cancels the rest');
  }
  const cancelledFen = state.cancelledFen + leftFen;
  change.tables.table('bill-states').put(key, { ...state, cancelledFen });
  return done(key);
}
