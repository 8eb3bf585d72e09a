/** Undoing a payment of a card holder to a merchant, for the reversals of several rows. */
import { TransferCode } from '../../ledger/chart-of-accounts.ts';
import { givenBack } from '../controls/limits.ts';
import type { Services } from '../services.ts';
import type { Original } from './original.ts';
import { countInBatch, payCardHolder, paymentOf, takeBack } from './postings.ts';
import type { Plan, Request } from './row.ts';

export async function undoPayment(
  original: Original,
  request: Request,
  services: Services,
): Promise<Plan> {
  const { amountFen } = request;
  return {
    transfers: [payCardHolder(paymentOf(request), TransferCode.reversal)],
    tallies: [
      takeBack(original.position, amountFen, amountFen),
      countInBatch(request, 'debit', amountFen, -1),
      ...(await givenBack(original, request, services)),
    ],
  };
}
