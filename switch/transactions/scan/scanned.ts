/** The payment that a query, refund or void of the scan dialect names: by its order or directly. */
import { require } from '../../refusal.ts';
import { paymentIdOf, SCAN_ORDER, SCAN_PAYMENT } from '../../scan/orders.ts';
import type { Services } from '../../services.ts';
import { namedOriginal, type Original, originalAt } from '../original.ts';
import type { Request } from '../row.ts';

const NAMED = {
  kinds: [SCAN_PAYMENT, SCAN_ORDER],
  messageTypes: ['0200'],
  withoutCard: true,
} as const;

/** Null when it is an order that nobody has paid. */
export async function paymentNamed(request: Request, services: Services): Promise<Original | null> {
  const named = await namedOriginal(request, services, NAMED);
  if (named.fact.kind === SCAN_PAYMENT) return named;
  const [paid] = await services.ledger.entries([paymentIdOf(named.position)]);
  return paid == null || paid.status !== 'applied' ? null : originalAt(paid.position, services);
}

/** The payment, and its card as the request's. Refuses with 25 when it was never paid. */
export async function paidByCode(request: Request, services: Services): Promise<Original> {
  const payment = await paymentNamed(request, services);
  require(payment !== null, '25', 'order-never-paid');
  const card = services.reader.registry.get('card', payment.fact.cardNumber ?? '');
  require(card !== null, '14', 'card-unknown');
  request.card = card;
  return payment;
}
