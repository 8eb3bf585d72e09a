/** The money operation that ends a reconciliation difference, or puts its money into suspense. */
import { z } from 'zod';
import { actionProblem, postingOf } from '../modules/reconciliation/life/adjust.ts';
import type { DifferenceRow } from '../modules/reconciliation/life/difference.ts';
import { reconciliation } from '../modules/reconciliation/module.ts';
import type { PlannedOperation } from './planned-operation.ts';
import { conflict, notFound } from './problem.ts';
import { type Caller, inScope } from './route.ts';
import { type ApiServices, freshView } from './services.ts';

export const reconciliationAdjustment = z.strictObject({
  differenceId: z.string().regex(/^[0-9a-f]{20}$/, '20 hex digits'),
  action: z.enum(['suspend', 'refund', 'book-late', 'recovered', 'write-off', 'fee', 'close']),
});

/** New balanced transfers, from the difference as it stands now. Throws ApiProblem. */
export async function planReconciliationAdjustment(
  { differenceId, action }: z.output<typeof reconciliationAdjustment>,
  caller: Caller,
  services: ApiServices,
): Promise<PlannedOperation> {
  const { queries } = await freshView(reconciliation, services);
  const row = queries.difference(differenceId);
  if (row === null || !inScope(caller, row.institution)) {
    throw notFound(`There is no difference ${differenceId}.`);
  }
  const problem = actionProblem(row, action);
  if (problem !== null) throw conflict('action_not_possible', problem);
  const merchant = action === 'book-late' ? merchantAccountOf(row, services) : null;
  const { accounts, transfers } = postingOf(row, action, merchant);
  const known = await services.ledger.accounts(accounts.map(({ id }) => id));
  const missing = accounts.filter((_, at) => known[at] === null);
  return { institution: row.institution, transfers, accounts: missing };
}

function merchantAccountOf(row: DifferenceRow, { reader }: ApiServices): Uint8Array {
  const merchant = reader.registry.get('merchant', row.merchantId ?? '')?.value;
  if (merchant?.institution === row.institution) return merchant.accountId;
  throw conflict('merchant_unknown', 'The difference names no merchant of this institution.');
}
