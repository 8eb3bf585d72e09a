/** The money operations of suspense in clearing: into it, and out of it again. */
import { z } from 'zod';
import type { Id } from '../ledger/types.ts';
import { clearing } from '../modules/clearing/module.ts';
import {
  resolvePosting,
  type SuspensePosting,
  suspendPosting,
  suspenseItem,
} from '../modules/clearing/suspense.ts';
import type { PlannedOperation } from './planned-operation.ts';
import { conflict, notFound } from './problem.ts';
import type { Caller } from './route.ts';
import { institutionOf } from './routes/transactions.ts';
import { businessDate, merchantId } from './schemas.ts';
import { type ApiServices, freshView } from './services.ts';

export const clearingSuspense = z.strictObject({
  date: businessDate.describe('The day that cannot be explained'),
  merchantId,
});

type Request = z.output<typeof clearingSuspense>;

/** By the amount that the clearing of the day found, whatever the caller believes. */
export async function planClearingSuspense(
  { date, merchantId: id }: Request,
  caller: Caller,
  services: ApiServices,
): Promise<PlannedOperation> {
  const institution = institutionOf(undefined, caller);
  const { registry } = services.reader;
  const { queries } = await freshView(clearing, services);
  const found = queries.day(institution, date)?.unexplained.find(({ merchantId: of }) => of === id);
  if (found === undefined) throw notFound(`The clearing of ${date} left nothing open of ${id}.`);
  if (suspenseItem(institution, date, id, registry) !== null) {
    throw conflict('already_suspended', 'It was put into suspense before.');
  }
  const merchant = registry.get('merchant', id)!.value;
  const posting = suspendPosting(institution, found, date, merchant.accountId, caller.id);
  return planned(institution, posting, services);
}

export async function planSuspenseResolution(
  { date, merchantId: id }: Request,
  accountOf: (institution: string) => Id,
  caller: Caller,
  services: ApiServices,
): Promise<PlannedOperation> {
  const institution = institutionOf(undefined, caller);
  const item = suspenseItem(institution, date, id, services.reader.registry);
  if (item === null) throw notFound(`Nothing of ${id} was put into suspense on ${date}.`);
  if (!item.isOpen) throw conflict('already_resolved', 'It has left suspense before.');
  const other = accountOf(institution);
  if ((await services.ledger.accounts([other]))[0] === null) {
    throw conflict('no_account', 'The account is not open.');
  }
  return planned(institution, resolvePosting(institution, item, other, caller.id), services);
}

async function planned(
  institution: string,
  { accounts, transfers, registry }: SuspensePosting,
  { ledger }: ApiServices,
): Promise<PlannedOperation> {
  const known = await ledger.accounts(accounts.map(({ id }) => id));
  const missing = accounts.filter((_, at) => known[at] === null);
  return { institution, transfers, accounts: missing, registry };
}
