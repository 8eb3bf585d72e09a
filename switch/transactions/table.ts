/**
 * The transaction table of the UnionPay terminal dialect: adding a transaction is adding its file
 * and a line here.
 */
import type { Message } from '../../protocols/iso8583/message.ts';
import { balance } from './balance.ts';
import { echo } from './echo.ts';
import type { Field60 } from './field60.ts';
import { purchase } from './purchase.ts';
import { refund } from './refund.ts';
import { reversal } from './reversal.ts';
import type { TransactionRow } from './row.ts';
import { settlement } from './settlement.ts';
import { signIn } from './sign-in.ts';
import { signOff } from './sign-off.ts';
import { purchaseVoid } from './void.ts';

export const TRANSACTION_TABLE: readonly TransactionRow[] = [
  purchase,
  balance,
  purchaseVoid,
  refund,
  reversal,
  settlement,
  signIn,
  signOff,
  echo,
];

const rowsByType = new Map<string, TransactionRow[]>();
for (const row of TRANSACTION_TABLE) {
  const { messageType } = row.match;
  rowsByType.set(messageType, [...(rowsByType.get(messageType) ?? []), row]);
}

/** Which transaction a request is: the first row whose conditions all hold, or null. */
export function findRow(message: Message, field60: Field60 | null): TransactionRow | null {
  return rowsByType.get(message.mti)?.find((row) => fits(row, message, field60)) ?? null;
}

function fits({ match }: TransactionRow, message: Message, field60: Field60 | null): boolean {
  if (match.processingCode !== undefined && message.get(3) !== match.processingCode) return false;
  if (match.conditionCode !== undefined && message.get(25) !== match.conditionCode) return false;
  if (match.transactionType !== undefined && field60?.transactionType !== match.transactionType) {
    return false;
  }
  const { networkCodes } = match;
  return networkCodes === undefined || networkCodes.includes(field60?.networkCode ?? '');
}
