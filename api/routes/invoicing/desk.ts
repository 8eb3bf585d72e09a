/** What the handlers of e-invoicing share: the caller's desk, and refusals as problem documents. */
import { invoicing } from '../../../modules/invoicing/module.ts';
import { pointsWithin } from '../../../modules/invoicing/reports/points.ts';
import { Desk, InvoicingRefused } from '../../../modules/invoicing/requests.ts';
import { ApiProblem, badRequest, conflict, forbidden, notFound } from '../../problem.ts';
import type { Caller } from '../../route.ts';
import type { ApiServices } from '../../services.ts';

export const READ = 'invoicing:read';
export const WRITE = 'invoicing:write';
export const MANAGE = 'invoicing:manage';

/** The desk of the caller's institution; who may see all of them works for the only one there is. */
export function deskOf({ ledger, view }: ApiServices, caller: Caller): Desk {
  const opened = view(invoicing);
  const all = opened.queries.institutions();
  const institution = caller.institution || (all.length === 1 ? all[0]!.id : '');
  if (institution === '') {
    throw badRequest(
      'no_institution',
      'The caller belongs to no institution, and there are several.',
    );
  }
  return new Desk({ ledger, view: opened, institution, who: caller.id });
}

/**
 * The issuing points that an operator works for: as their issuer, or as one of the point's users. None
 * for everybody else: they work for the whole unit.
 */
export function pointsOf({ queries, institution }: Desk, { id }: Caller): string[] {
  const user = id.replace(/^operator:/, '');
  if (user === id) return [];
  const issuers = queries.managedList(institution, 'issuer').map(({ value }) => value);
  const points = queries.managedList(institution, 'point').map(({ value }) => value);
  const mine = new Set([
    ...issuers.filter((issuer) => issuer.user === user).map(({ point }) => point),
    ...points.filter(({ users }) => users.includes(user)).map(({ code }) => code),
  ]);
  mine.delete('');
  return [...mine];
}

/** Throws 403 when the caller is bound to points, and this is none of them nor below one. */
export function requirePoint(desk: Desk, caller: Caller, point: string): void {
  const mine = pointsOf(desk, caller);
  const isMine = mine.some((top) => pointsWithin(desk.queries, desk.institution, top).has(point));
  if (mine.length > 0 && !isMine) {
    throw forbidden('You work for your own issuing point and those below it only.');
  }
}

/** The same request by the same caller is the same fact. */
export function factKey(call: { caller: Caller; idempotencyKey: string }): string {
  return `${call.caller.id}|${call.idempotencyKey}`;
}

const NOT_FOUND = new Set(['unknown-bill', 'unknown-busNo', 'unknown-paper', 'not-found']);

/** Runs the work; a rule that stood against it becomes 404 or 409. */
export async function answered<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof InvoicingRefused)) throw error;
    const code = error.code.replaceAll('-', '_');
    if (NOT_FOUND.has(error.code)) throw notFound(error.message);
    if (error.code === 'not-yet') throw new ApiProblem(503, code, error.message);
    throw conflict(code, error.message);
  }
}
