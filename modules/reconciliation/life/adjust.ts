/**
 * What an approved adjustment posts: always new balanced transfers, never a change of what stands.
 * Money that the channel has too much of stands against suspense-long (a debt until we know whose),
 * money that it lacks against suspense-short (a claim until it comes or is lost).
 */
import assert from 'node:assert/strict';
import {
  type AccountName,
  accountId,
  accountInput,
  TransferCode,
  YUAN_LEDGER,
} from '../../../ledger/chart-of-accounts.ts';
import { idOf, idToHex } from '../../../ledger/id.ts';
import type { AccountInput, Id, TransferInput } from '../../../ledger/types.ts';
import { type DifferenceRow, isOpen } from './difference.ts';
import type { AdjustmentAction } from './facts.ts';

/** Why an action is not for this difference: the sentence. Null when it is. */
export function actionProblem(row: DifferenceRow, action: AdjustmentAction): string | null {
  const { gapFen, code } = row;
  if (!isOpen(row)) return 'The difference is closed.';
  if (row.state === 'BUFFERED') return 'The difference still waits for the other side.';
  if (action === 'close') {
    return isSuspended(row) ? 'Its money is in suspense and has to leave it.' : null;
  }
  if (action === 'fee') return code === 'FEE' ? null : 'The fees do not differ.';
  if (gapFen === 0) return 'No money is in question.';
  if (action === 'suspend') return isSuspended(row) ? 'It is in suspense already.' : null;
  const needsLong = action === 'refund' || action === 'book-late';
  if (needsLong && gapFen < 0) return 'The channel has too little, not too much.';
  if (!needsLong && gapFen > 0) return 'The channel has too much, not too little.';
  return null;
}

export interface Posting {
  accounts: AccountInput[];
  transfers: TransferInput[];
}

/**
 * The transfers of an action; the accounts that they need are named, the caller opens those that are
 * missing. `merchantAccount` is needed to book a payment late.
 */
export function postingOf(
  row: DifferenceRow,
  action: AdjustmentAction,
  merchantAccount: Id | null,
): Posting {
  assert.equal(actionProblem(row, action), null);
  const books = new Books(row);
  if (action === 'close') return books.posting();
  if (action === 'fee') {
    const extraFen = (row.theirsFeeFen ?? 0) - (row.oursFeeFen ?? 0);
    books.move('channel-fee', 'channel', extraFen);
    return books.posting();
  }
  const amountFen = Math.abs(row.gapFen);
  const suspense = row.gapFen > 0 ? 'suspense-long' : 'suspense-short';
  if (!isSuspended(row)) {
    if (row.gapFen > 0) books.move('channel', suspense, amountFen);
    else books.move(suspense, 'channel', amountFen);
  }
  switch (action) {
    case 'refund':
      books.move('suspense-long', 'channel', amountFen);
      break;
    case 'book-late':
      assert.ok(merchantAccount, 'a late booking needs its merchant');
      books.moveTo('suspense-long', merchantAccount, amountFen);
      break;
    case 'recovered':
      books.move('channel', 'suspense-short', amountFen);
      break;
    case 'write-off':
      books.move('reconciliation-loss', 'suspense-short', amountFen);
      break;
    case 'suspend':
      break;
  }
  return books.posting();
}

/** Whether its money was put into suspense and is still there. */
export function isSuspended({ history }: DifferenceRow): boolean {
  return history.some(({ state }) => state === 'POSTED');
}

class Books {
  private readonly row: DifferenceRow;
  private readonly accounts = new Map<string, AccountInput>();
  private readonly transfers: TransferInput[] = [];

  constructor(row: DifferenceRow) {
    this.row = row;
  }

  /** Debit and credit; turned round for a negative amount, nothing for zero. */
  move(debit: AccountName, credit: AccountName, amountFen: number): void {
    if (amountFen < 0) {
      this.move(credit, debit, -amountFen);
      return;
    }
    this.moveTo(debit, this.account(credit), amountFen);
  }

  moveTo(debit: AccountName, creditAccount: Id, amountFen: number): void {
    if (amountFen === 0) return;
    const debitAccount = this.account(debit);
    const code = TransferCode.reconciliation;
    // An id of the step: two approvals at the same time cannot both take it.
    const entering = isSuspended(this.row) ? 'leaving' : 'entering';
    const step = `${entering}/${this.transfers.length}`;
    const id = idOf('reconciliation-posting', this.row.id, step);
    this.transfers.push({ id, debitAccount, creditAccount, amountFen, ledger: YUAN_LEDGER, code });
  }

  posting(): Posting {
    return { accounts: [...this.accounts.values()], transfers: this.transfers };
  }

  /** Each channel has its receivable; suspense, fees and losses are the institution's. */
  private account(name: AccountName): Id {
    const { institution, source } = this.row;
    const owner = name === 'channel' ? source : '';
    const id = accountId(name, institution, owner);
    this.accounts.set(idToHex(id), accountInput(name, institution, owner));
    return id;
  }
}
