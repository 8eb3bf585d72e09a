/** Transfers in the model: each rule spelled out where it applies, in the order of ENTRY_STATUSES. */
import type { Entry, EntryStatus, Id, TransferInput } from '../../ledger/types.ts';
import {
  bit,
  type Draft,
  hex,
  MAX,
  type ModelPending,
  type ModelState,
  Refusal,
} from './model-state.ts';

/** Books one transfer of an entry in the draft, or throws the refusal. */
export function bookTransfer(
  state: ModelState,
  draft: Draft,
  entry: Entry,
  transfer: TransferInput,
  index: number,
  timestampUs: number,
): void {
  const refuse = (status: EntryStatus): never => {
    throw new Refusal(status, index);
  };
  const own = transfer.id !== undefined && (index > 0 || hex(transfer.id) !== hex(entry.id));
  const id = own ? hex(transfer.id!) : derivedId(entry.id, index);
  const taken = state.ids.has(id) || draft.transferIds.has(id) || id === hex(entry.id);
  if (own && taken) refuse('transfer_id_exists');
  const sameId = draft.pendings.get(id) ?? state.pendings.get(id);
  if (bit(transfer.flags, 2) && sameId && !state.isForgotten(sameId)) refuse('transfer_id_exists');
  const [pending, post, void_] = [2, 4, 8].map((value) => bit(transfer.flags, value));
  const balancing = { debit: bit(transfer.flags, 16), credit: bit(transfer.flags, 32) };
  const closing = { debit: bit(transfer.flags, 64), credit: bit(transfer.flags, 128) };
  const others = pending || balancing.debit || balancing.credit || closing.debit || closing.credit;
  if ((post && void_) || ((post || void_) && others)) refuse('flags_are_mutually_exclusive');
  if (post || void_) {
    resolve(state, draft, entry, transfer, id, post ?? false, timestampUs, refuse);
  } else {
    move(
      state,
      draft,
      entry,
      transfer,
      id,
      pending ?? false,
      balancing,
      closing,
      timestampUs,
      refuse,
    );
  }
  if (own) draft.transferIds.add(id);
}

function move(
  state: ModelState,
  draft: Draft,
  entry: Entry,
  transfer: TransferInput,
  id: string,
  pending: boolean,
  balancing: { debit: boolean; credit: boolean },
  closing: { debit: boolean; credit: boolean },
  timestampUs: number,
  refuse: (status: EntryStatus) => never,
): void {
  const debitId = transfer.debitAccount ? hex(transfer.debitAccount) : null;
  const creditId = transfer.creditAccount ? hex(transfer.creditAccount) : null;
  const timeout = transfer.timeoutSeconds ?? 0;
  if (debitId !== null && debitId === creditId) refuse('accounts_must_be_different');
  if (transfer.pendingId !== undefined) refuse('pending_id_must_be_zero');
  if (!pending && timeout !== 0) refuse('timeout_reserved_for_pending_transfer');
  if (!pending && (closing.debit || closing.credit)) refuse('closing_transfer_must_be_pending');
  const open = balancing.debit || balancing.credit;
  if (transfer.amountFen === undefined && !open) refuse('amount_must_be_given');
  if (!transfer.ledger) refuse('ledger_must_not_be_zero');
  if (!transfer.code) refuse('code_must_not_be_zero');
  const debit = state.account(draft, debitId ?? '') ?? refuse('debit_account_not_found');
  const credit = state.account(draft, creditId ?? '') ?? refuse('credit_account_not_found');
  if (debit.ledger !== credit.ledger) refuse('accounts_must_have_the_same_ledger');
  if (debit.ledger !== transfer.ledger) refuse('transfer_must_have_the_same_ledger_as_accounts');
  if (debit.closed) refuse('debit_account_already_closed');
  if (credit.closed) refuse('credit_account_already_closed');
  if (debit.debitsFrozen) refuse('debit_account_frozen');
  if (credit.creditsFrozen) refuse('credit_account_frozen');
  const d = debit.balances;
  const c = credit.balances;
  let amount = transfer.amountFen ?? MAX;
  if (balancing.debit) {
    const room = d.creditsPostedFen - d.debitsPostedFen - d.debitsPendingFen;
    amount = Math.max(0, Math.min(amount, room));
  }
  if (balancing.credit) {
    const room = c.debitsPostedFen - c.creditsPostedFen - c.creditsPendingFen;
    amount = Math.max(0, Math.min(amount, room));
  }
  const big = BigInt(amount);
  const over = (...parts: number[]) =>
    parts.reduce((sum, part) => sum + BigInt(part), big) > BigInt(MAX);
  if (pending && over(d.debitsPendingFen)) refuse('overflows_debits_pending');
  if (pending && over(c.creditsPendingFen)) refuse('overflows_credits_pending');
  if (over(d.debitsPostedFen)) refuse('overflows_debits_posted');
  if (over(c.creditsPostedFen)) refuse('overflows_credits_posted');
  if (over(d.debitsPostedFen, d.debitsPendingFen)) refuse('overflows_debits');
  if (over(c.creditsPostedFen, c.creditsPendingFen)) refuse('overflows_credits');
  if (timestampUs + timeout * 1e6 > MAX) refuse('overflows_timeout');
  if (debit.debitLimit && over(d.debitsPostedFen, d.debitsPendingFen, MAX, -d.creditsPostedFen)) {
    refuse('exceeds_credits');
  }
  if (
    credit.creditLimit &&
    over(c.creditsPostedFen, c.creditsPendingFen, MAX, -c.debitsPostedFen)
  ) {
    refuse('exceeds_debits');
  }
  if (pending) {
    d.debitsPendingFen += amount;
    c.creditsPendingFen += amount;
    if (closing.debit) debit.closed = true;
    if (closing.credit) credit.closed = true;
    draft.pendings.set(id, {
      debit: debitId!,
      credit: creditId!,
      amountFen: amount,
      code: transfer.code!,
      closesDebit: closing.debit,
      closesCredit: closing.credit,
      expiresUs: timeout === 0 ? 0 : timestampUs + timeout * 1e6,
      institution: entry.institution,
      state: 'open',
      resolvedBy: '',
      resolvedDay: 0,
    });
  } else {
    d.debitsPostedFen += amount;
    c.creditsPostedFen += amount;
  }
  draft.outcomes.push({ amountFen: amount, debit: { ...d }, credit: { ...c } });
}

function resolve(
  state: ModelState,
  draft: Draft,
  entry: Entry,
  transfer: TransferInput,
  id: string,
  post: boolean,
  timestampUs: number,
  refuse: (status: EntryStatus) => never,
): void {
  if (transfer.pendingId === undefined) refuse('pending_id_must_not_be_zero');
  const pendingId = hex(transfer.pendingId!);
  if (pendingId === id) refuse('pending_id_must_be_different');
  if (transfer.timeoutSeconds) refuse('timeout_reserved_for_pending_transfer');
  const found = draft.pendings.get(pendingId) ?? state.pendings.get(pendingId);
  if (found === undefined || state.isForgotten(found)) refuse('pending_transfer_not_found');
  const pending = { ...found! };
  const debit = state.account(draft, pending.debit)!;
  const credit = state.account(draft, pending.credit)!;
  if (transfer.debitAccount && hex(transfer.debitAccount) !== pending.debit) {
    refuse('pending_transfer_has_different_debit_account');
  }
  if (transfer.creditAccount && hex(transfer.creditAccount) !== pending.credit) {
    refuse('pending_transfer_has_different_credit_account');
  }
  if (transfer.ledger && transfer.ledger !== debit.ledger) {
    refuse('pending_transfer_has_different_ledger');
  }
  if (transfer.code && transfer.code !== pending.code) {
    refuse('pending_transfer_has_different_code');
  }
  const amount = transfer.amountFen ?? pending.amountFen;
  if (amount > pending.amountFen) refuse('exceeds_pending_transfer_amount');
  if (!post && amount !== pending.amountFen) refuse('pending_transfer_has_different_amount');
  if (pending.state === 'posted') refuse('pending_transfer_already_posted');
  if (pending.state === 'voided') refuse('pending_transfer_already_voided');
  if (pending.state === 'expired') refuse('pending_transfer_expired');
  if (pending.expiresUs !== 0 && pending.expiresUs <= timestampUs) {
    refuse('pending_transfer_expired');
  }
  if (post && debit.closed && !pending.closesDebit) refuse('debit_account_already_closed');
  if (post && credit.closed && !pending.closesCredit) refuse('credit_account_already_closed');
  release(state, draft, pending, post ? amount : 0);
  if (post) {
    if (pending.closesDebit) debit.closed = true;
    if (pending.closesCredit) credit.closed = true;
  }
  pending.state = post ? 'posted' : 'voided';
  pending.resolvedBy = entry.institution;
  pending.resolvedDay = state.day(entry.institution);
  draft.pendings.set(pendingId, pending);
  draft.outcomes.push({
    amountFen: amount,
    debit: { ...debit.balances },
    credit: { ...credit.balances },
  });
}

/** Takes the reservation back, moves what is posted, opens again what was closed with it. */
export function release(
  state: ModelState,
  draft: Draft,
  pending: ModelPending,
  postedFen: number,
): void {
  const debit = state.account(draft, pending.debit)!;
  const credit = state.account(draft, pending.credit)!;
  debit.balances.debitsPendingFen -= pending.amountFen;
  credit.balances.creditsPendingFen -= pending.amountFen;
  debit.balances.debitsPostedFen += postedFen;
  credit.balances.creditsPostedFen += postedFen;
  if (pending.closesDebit) debit.closed = false;
  if (pending.closesCredit) credit.closed = false;
}

/** The id of a transfer that was given none: the four words of the entry's, each mixed with the index. */
function derivedId(entryId: Id, index: number): string {
  const words = Buffer.from(entryId);
  const factors = [0x9e3779b1n, 0x85ebca6bn, 0xc2b2ae35n, 0x27d4eb2fn];
  for (const [i, factor] of factors.entries()) {
    const mixed = BigInt(words.readUInt32LE(i * 4)) ^ ((BigInt(index) * factor) & 0xffffffffn);
    words.writeUInt32LE(Number(mixed), i * 4);
  }
  return hex(words);
}
