/**
 * The rules of one transfer: which reasons refuse it, in which order, and what it does to its two
 * accounts. The model is TigerBeetle's; the order is that of ENTRY_STATUSES.
 */
import type { AccountTable } from './accounts.ts';
import type { EntryIdTable } from './entry-ids.ts';
import type { IdWords, TransferView } from './entry-view.ts';
import type { InstitutionTable } from './institutions.ts';
import type { NumberList } from './outcome.ts';
import { OUTCOME_NUMBERS } from './outcome.ts';
import {
  PENDING_EXPIRED,
  PENDING_POSTED,
  PENDING_VOIDED,
  type PendingTable,
} from './pending-transfers.ts';
import { APPLIED, STATUS } from './status.ts';
import { balancedAmount, exceededLimit, overflow } from './transfer-amounts.ts';
import { AccountFlag, TransferFlag } from './types.ts';
import type { Undo } from './undo.ts';

const { pending: PENDING, postPending: POST, voidPending: VOID } = TransferFlag;
const { balancingDebit, balancingCredit, closingDebit, closingCredit } = TransferFlag;
const RESOLVING = POST | VOID;
const CLOSING = closingDebit | closingCredit;
const BALANCING = balancingDebit | balancingCredit;
const MAX = Number.MAX_SAFE_INTEGER;

/** What a transfer is judged and booked in. */
export interface TransferContext {
  position: number;
  timestampUs: number;
  /** Index of the entry's institution. */
  institution: number;
}

export class TransferRules {
  /** Rows of accounts with the history flag that the entry at hand has moved. */
  readonly historyRows = new Set<number>();
  private readonly accounts: AccountTable;
  private readonly pendings: PendingTable;
  private readonly ids: EntryIdTable;
  private readonly institutions: InstitutionTable;
  private readonly undo: Undo;

  constructor(
    accounts: AccountTable,
    pendings: PendingTable,
    ids: EntryIdTable,
    institutions: InstitutionTable,
    undo: Undo,
  ) {
    this.accounts = accounts;
    this.pendings = pendings;
    this.ids = ids;
    this.institutions = institutions;
    this.undo = undo;
  }

  /**
   * Books a transfer and appends what it did to `outcomes`, or returns why not and changes nothing.
   * `id` is the transfer's, given or derived; `explicit` when it was given and is not the entry's.
   */
  apply(
    transfer: TransferView,
    id: IdWords,
    explicit: boolean,
    context: TransferContext,
    outcomes: NumberList,
  ): number {
    if (explicit && this.ids.find(id) >= 0) return STATUS.transfer_id_exists;
    const flags = transfer.flags;
    if ((flags & PENDING) !== 0 && this.findPending(id) >= 0) return STATUS.transfer_id_exists;
    if (exclusive(flags)) return STATUS.flags_are_mutually_exclusive;
    return (flags & RESOLVING) === 0
      ? this.move(transfer, id, context, outcomes)
      : this.resolve(transfer, id, context, outcomes);
  }

  /** A plain or pending transfer. */
  private move(
    transfer: TransferView,
    id: IdWords,
    context: TransferContext,
    outcomes: NumberList,
  ): number {
    const malformed = this.malformed(transfer);
    if (malformed !== APPLIED) return malformed;
    const accounts = this.accounts;
    const debitRow = accounts.find(transfer.debit);
    if (debitRow < 0) return STATUS.debit_account_not_found;
    const creditRow = accounts.find(transfer.credit);
    if (creditRow < 0) return STATUS.credit_account_not_found;
    const ledger = accounts.ledger(debitRow);
    if (ledger !== accounts.ledger(creditRow)) return STATUS.accounts_must_have_the_same_ledger;
    if (ledger !== transfer.ledger) return STATUS.transfer_must_have_the_same_ledger_as_accounts;
    const debitFlags = accounts.flags(debitRow);
    const creditFlags = accounts.flags(creditRow);
    if ((debitFlags & AccountFlag.closed) !== 0) return STATUS.debit_account_already_closed;
    if ((creditFlags & AccountFlag.closed) !== 0) return STATUS.credit_account_already_closed;
    if ((debitFlags & AccountFlag.debitsFrozen) !== 0) return STATUS.debit_account_frozen;
    if ((creditFlags & AccountFlag.creditsFrozen) !== 0) return STATUS.credit_account_frozen;
    const amountFen = balancedAmount(accounts, transfer, debitRow, creditRow);
    const pending = (transfer.flags & PENDING) !== 0;
    const refusal =
      overflow(accounts, amountFen, pending, debitRow, creditRow) ||
      timeoutOverflow(transfer, context) ||
      exceededLimit(accounts, amountFen, debitRow, debitFlags, creditRow, creditFlags);
    if (refusal !== APPLIED) return refusal;
    this.undo.touch(debitRow);
    this.undo.touch(creditRow);
    if (pending) this.reserve(transfer, id, amountFen, debitRow, creditRow, context);
    accounts.debit(debitRow, pending ? amountFen : 0, pending ? 0 : amountFen, context.position);
    accounts.credit(creditRow, pending ? amountFen : 0, pending ? 0 : amountFen, context.position);
    this.report(outcomes, amountFen, debitRow, creditRow);
    return APPLIED;
  }

  /** What can be said without looking at an account. */
  private malformed(transfer: TransferView): number {
    const flags = transfer.flags;
    if (transfer.debit.equals(transfer.credit) && !transfer.debit.isZero()) {
      return STATUS.accounts_must_be_different;
    }
    if (!transfer.pending.isZero()) return STATUS.pending_id_must_be_zero;
    if ((flags & PENDING) === 0) {
      if (transfer.timeoutSeconds !== 0) return STATUS.timeout_reserved_for_pending_transfer;
      if ((flags & CLOSING) !== 0) return STATUS.closing_transfer_must_be_pending;
    }
    if (transfer.amountFen < 0 && (flags & BALANCING) === 0) return STATUS.amount_must_be_given;
    if (transfer.ledger === 0) return STATUS.ledger_must_not_be_zero;
    if (transfer.code === 0) return STATUS.code_must_not_be_zero;
    return APPLIED;
  }

  private reserve(
    transfer: TransferView,
    id: IdWords,
    amountFen: number,
    debitRow: number,
    creditRow: number,
    context: TransferContext,
  ): void {
    const forgotten = this.pendings.find(id);
    if (forgotten >= 0) this.pendings.rows.remove(forgotten);
    const row = this.pendings.create(
      id,
      debitRow,
      creditRow,
      (transfer.code << 8) | transfer.flags,
      amountFen,
      expiryUs(transfer, context),
      context.institution,
      context.position,
    );
    this.undo.pendingCreated(row);
    setClosed(this.accounts, transfer.flags, debitRow, creditRow, true, context.position);
  }

  /** Posts or voids a pending transfer. */
  private resolve(
    transfer: TransferView,
    id: IdWords,
    context: TransferContext,
    outcomes: NumberList,
  ): number {
    if (transfer.pending.isZero()) return STATUS.pending_id_must_not_be_zero;
    if (transfer.pending.equals(id)) return STATUS.pending_id_must_be_different;
    if (transfer.timeoutSeconds !== 0) return STATUS.timeout_reserved_for_pending_transfer;
    const row = this.findPending(transfer.pending);
    if (row < 0) return STATUS.pending_transfer_not_found;
    const refusal = this.unlike(transfer, row) || this.resolved(transfer, row, context);
    if (refusal !== APPLIED) return refusal;
    const posted = (transfer.flags & POST) !== 0;
    const amountFen = transfer.amountFen < 0 ? this.pendings.amountFen(row) : transfer.amountFen;
    this.release(row, posted ? PENDING_POSTED : PENDING_VOIDED, amountFen, context, outcomes);
    return APPLIED;
  }

  private findPending(id: IdWords): number {
    const row = this.pendings.find(id);
    if (row < 0) return -1;
    const day = this.institutions.day(this.pendings.institution(row));
    return this.pendings.isForgotten(row, day) ? -1 : row;
  }

  /** Fields that are given must be those of the pending transfer. */
  private unlike(transfer: TransferView, row: number): number {
    const { accounts, pendings } = this;
    const debitRow = pendings.debitRow(row);
    if (!transfer.debit.isZero() && accounts.find(transfer.debit) !== debitRow) {
      return STATUS.pending_transfer_has_different_debit_account;
    }
    if (!transfer.credit.isZero() && accounts.find(transfer.credit) !== pendings.creditRow(row)) {
      return STATUS.pending_transfer_has_different_credit_account;
    }
    if (transfer.ledger !== 0 && transfer.ledger !== accounts.ledger(debitRow)) {
      return STATUS.pending_transfer_has_different_ledger;
    }
    if (transfer.code !== 0 && transfer.code !== pendings.code(row)) {
      return STATUS.pending_transfer_has_different_code;
    }
    const reserved = pendings.amountFen(row);
    if (transfer.amountFen > reserved) return STATUS.exceeds_pending_transfer_amount;
    const partialVoid = (transfer.flags & VOID) !== 0 && transfer.amountFen >= 0;
    if (partialVoid && transfer.amountFen < reserved) {
      return STATUS.pending_transfer_has_different_amount;
    }
    return APPLIED;
  }

  private resolved(transfer: TransferView, row: number, context: TransferContext): number {
    const { accounts, pendings } = this;
    const state = pendings.state(row);
    if (state === PENDING_POSTED) return STATUS.pending_transfer_already_posted;
    if (state === PENDING_VOIDED) return STATUS.pending_transfer_already_voided;
    if (state === PENDING_EXPIRED) return STATUS.pending_transfer_expired;
    const expiresUs = pendings.expiresUs(row);
    if (expiresUs !== 0 && expiresUs <= context.timestampUs) return STATUS.pending_transfer_expired;
    if ((transfer.flags & VOID) !== 0) return APPLIED;
    const closed = AccountFlag.closed;
    // The side that this very transfer closed does not stop it from being posted.
    const own = pendings.flags(row);
    if ((accounts.flags(pendings.debitRow(row)) & closed) !== 0 && (own & closingDebit) === 0) {
      return STATUS.debit_account_already_closed;
    }
    if ((accounts.flags(pendings.creditRow(row)) & closed) !== 0 && (own & closingCredit) === 0) {
      return STATUS.credit_account_already_closed;
    }
    return APPLIED;
  }

  /** Ends an open pending transfer: the reservation goes, and when posted, amountFen is moved. */
  release(
    row: number,
    state: number,
    amountFen: number,
    context: TransferContext,
    outcomes: NumberList,
  ): void {
    const { accounts, pendings } = this;
    const debitRow = pendings.debitRow(row);
    const creditRow = pendings.creditRow(row);
    const reservedFen = pendings.amountFen(row);
    const postedFen = state === PENDING_POSTED ? amountFen : 0;
    this.undo.touch(debitRow);
    this.undo.touch(creditRow);
    this.undo.keepRow(pendings.rows, row);
    accounts.debit(debitRow, -reservedFen, postedFen, context.position);
    accounts.credit(creditRow, -reservedFen, postedFen, context.position);
    const { institution } = context;
    const day = this.institutions.day(institution);
    pendings.resolve(row, state, institution, day, context.position);
    if (state !== PENDING_POSTED) {
      setClosed(accounts, pendings.flags(row), debitRow, creditRow, false, context.position);
    }
    this.report(outcomes, amountFen, debitRow, creditRow);
  }

  private report(list: NumberList, amountFen: number, debitRow: number, creditRow: number): void {
    const accounts = this.accounts;
    const at = list.extend(OUTCOME_NUMBERS);
    const values = list.values;
    values[at] = amountFen;
    const debits = accounts.numbersOf(debitRow);
    const debitsAt = accounts.balancesAt(debitRow);
    const credits = accounts.numbersOf(creditRow);
    const creditsAt = accounts.balancesAt(creditRow);
    if ((accounts.flags(debitRow) & AccountFlag.history) !== 0) this.historyRows.add(debitRow);
    if ((accounts.flags(creditRow) & AccountFlag.history) !== 0) this.historyRows.add(creditRow);
    for (let i = 0; i < 4; i++) {
      values[at + 1 + i] = debits[debitsAt + i]!;
      values[at + 5 + i] = credits[creditsAt + i]!;
    }
  }
}

/** Sets or lifts the closed flag of the sides that a closing transfer names. */
export function setClosed(
  accounts: AccountTable,
  transferFlags: number,
  debitRow: number,
  creditRow: number,
  closed: boolean,
  position: number,
): void {
  const flag = AccountFlag.closed;
  if ((transferFlags & closingDebit) !== 0) accounts.setFlag(debitRow, flag, closed, position);
  if ((transferFlags & closingCredit) !== 0) accounts.setFlag(creditRow, flag, closed, position);
}

/** When a pending transfer ends by itself; 0: never. */
export function expiryUs(
  transfer: { timeoutSeconds: number },
  context: { timestampUs: number },
): number {
  if (transfer.timeoutSeconds === 0) return 0;
  return context.timestampUs + transfer.timeoutSeconds * 1_000_000;
}

function timeoutOverflow(transfer: TransferView, context: TransferContext): number {
  return expiryUs(transfer, context) > MAX ? STATUS.overflows_timeout : APPLIED;
}

function exclusive(flags: number): boolean {
  if ((flags & RESOLVING) === 0) return false;
  if ((flags & RESOLVING) === RESOLVING) return true;
  return (flags & (PENDING | CLOSING | BALANCING)) !== 0;
}
