import { TransferCode } from '../../../ledger/chart-of-accounts.ts';
import { holdAgain } from '../../holds/hold.ts';
import type { Services } from '../../services.ts';
import { heldNow, nowUs, openedBy, openingOf, partiesOf } from '../held.ts';
import type { Original } from '../original.ts';
import { payCardHolder, paymentOf } from '../postings.ts';
import type { Plan, Request } from '../row.ts';

/** The merchant gives a charge back, and the deposit holds it again. */
export function giveBackCharge(
  charge: Original,
  request: Request,
  services: Services,
): Pick<Plan, 'transfers' | 'registry' | 'blocks'> {
  const { amountFen } = request;
  const opening = openingOf(charge, services);
  const item = heldNow(opening, services);
  // A hold that was charged whole has no item that says how much was charged.
  const chargedFen = (item?.value.chargedFen ?? opening.fact.amountFen ?? 0) - amountFen;
  const opened = { ...openedBy(opening, 'deposit'), chargedFen: Math.max(0, chargedFen) };
  const back = payCardHolder(paymentOf(request), TransferCode.reversal);
  const again = holdAgain(partiesOf(request), opened, item, amountFen, 1, nowUs());
  return { ...again, transfers: [back, ...again.transfers] };
}
