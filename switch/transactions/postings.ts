/** The money of the card transactions, as transfers and tallies that several rows share. */

import { YUAN_LEDGER } from '../../ledger/chart-of-accounts.ts';
import type { Id, TallyMove, TransferInput } from '../../ledger/types.ts';
import { batchSubject, takenBackSubject } from '../entry-ids.ts';
import type { Request } from './row.ts';

/** Whose accounts a transaction moves, and how much. */
export interface Payment {
  cardAccount: Id;
  merchantAccount: Id;
  amountFen: number;
}

/** The payment of a request with its card. */
export function paymentOf({ card, merchant, amountFen }: Request): Payment {
  if (card === undefined) throw new Error('a payment has a card');
  return { cardAccount: card.value.accountId, merchantAccount: merchant.accountId, amountFen };
}

/** The card holder pays the merchant. */
export function payMerchant(payment: Payment, code: number): TransferInput {
  const { cardAccount, merchantAccount, amountFen } = payment;
  return {
    debitAccount: cardAccount,
    creditAccount: merchantAccount,
    amountFen,
    ledger: YUAN_LEDGER,
    code,
  };
}

/** The merchant pays the card holder back. */
export function payCardHolder(payment: Payment, code: number): TransferInput {
  const { cardAccount, merchantAccount, amountFen } = payment;
  return {
    debitAccount: merchantAccount,
    creditAccount: cardAccount,
    amountFen,
    ledger: YUAN_LEDGER,
    code,
  };
}

/** Adds a transaction to the totals of its batch, or takes it out again with the count -1. */
export function countInBatch(
  request: Request,
  side: 'debit' | 'credit',
  amountFen: number,
  count: 1 | -1,
): TallyMove {
  const subject = batchSubject(request.terminalId, request.field60.batchNumber, side);
  return { subject, amountFen: amountFen * count, count, until: 'batch' };
}

/** Takes back a part of a record's amount; refused by the ledger when more than all would be gone. */
export function takeBack(position: number, amountFen: number, originalFen: number): TallyMove {
  return { subject: takenBackSubject(position), amountFen, count: 1, limitFen: originalFen };
}

/** Undoes a `takeBack`: what took it back was itself reversed. */
export function giveAgain(position: number, amountFen: number): TallyMove {
  return { subject: takenBackSubject(position), amountFen: -amountFen, count: -1 };
}
