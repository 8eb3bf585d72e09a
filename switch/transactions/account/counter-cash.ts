/** Cash that is paid in at a counter: from the counter's cash onto a card, and back. */
import { accountId, TransferCode, YUAN_LEDGER } from '../../../ledger/chart-of-accounts.ts';
import type { TransferInput } from '../../../ledger/types.ts';
import type { Request } from '../row.ts';

export function payIn({ card, terminal, amountFen }: Request): TransferInput {
  return {
    debitAccount: accountId('counter-cash', terminal.value.institution),
    creditAccount: card!.value.accountId,
    amountFen,
    ledger: YUAN_LEDGER,
    code: TransferCode.cashLoad,
  };
}

export function payOut(request: Request): TransferInput {
  const { debitAccount, creditAccount, ...rest } = payIn(request);
  return { ...rest, debitAccount: creditAccount!, creditAccount: debitAccount! };
}
