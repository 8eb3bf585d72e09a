/** What all calls of reconciliation share: values that they take, whose data is asked for, a view that is up to date. */
import { z } from 'zod';
import { reconciliation } from '../../../modules/reconciliation/module.ts';
import { badRequest, notFound } from '../../problem.ts';
import { type Caller, inScope } from '../../route.ts';
import { type ApiServices, freshView } from '../../services.ts';

export const TAG = { tag: 'reconciliation' } as const;
export const date = z.string().regex(/^\d{8}$/, 'YYYYMMDD');
export const id = z.string().regex(/^[0-9a-f]{1,64}$/);
export const institutionQuery = { institution: z.string().max(16).optional() };
export const state = z.enum([
  'BUFFERED',
  'AUTO_CLEARED',
  'CONFIRMED',
  'PROPOSED',
  'POSTED',
  'CLOSED',
]);

/** Everything that was recorded before the call is in it. */
export async function fresh(services: ApiServices) {
  return (await freshView(reconciliation, services)).queries;
}

export function institutionOf(
  caller: Caller,
  asked: string | undefined,
  { reader }: ApiServices,
): string {
  const wanted = asked ?? caller.institution;
  if (!inScope(caller, wanted)) throw notFound(`There is no institution ${wanted}.`);
  if (wanted !== '') return wanted;
  const all = [...reader.registry.list('institution')].map(({ key }) => key);
  if (all.length === 1) return all[0]!;
  throw badRequest('institution_missing', 'Say which institution.');
}
