/** Differences and their lives: in a state, one by one, by order, and the money that is in suspense. */
import { z } from 'zod';
import type { DifferenceRow } from '../../../modules/reconciliation/life/difference.ts';
import { DIFFERENCE_CODES } from '../../../modules/reconciliation/record.ts';
import { pageOf, pageQuery } from '../../page-token.ts';
import { notFound } from '../../problem.ts';
import { type Caller, inScope, type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { date, fresh, id, institutionOf, institutionQuery, state, TAG } from './asking.ts';

const difference = z.object({
  id: z.string(),
  code: z.enum(DIFFERENCE_CODES),
  type: z.enum(['pay', 'refund']),
  orderId: z.string(),
  refundId: z.string().optional(),
  channelId: z.string().optional(),
  oursFen: z.int().nullable(),
  theirsFen: z.int().nullable(),
  gapFen: z.int(),
  flow: z.string(),
  layer: z.string(),
  source: z.string(),
  date: z.string(),
  state,
  bufferUntil: z.string(),
  department: z.string().optional(),
  cashier: z.string().optional(),
  merchantId: z.string().optional(),
  terminalId: z.string().optional(),
  message: z.string().optional(),
  history: z.array(z.object({ position: z.int(), state, why: z.string() })),
});

export function differenceRoutes(services: ApiServices): Route[] {
  const { pages } = services;
  return [
    route({
      ...TAG,
      method: 'get',
      path: '/v1/reconciliation/differences',
      summaryZh: '按状态查询差异',
      summaryEn: 'Differences in a state',
      permission: 'reconciliation:read',
      changes: false,
      query: z.strictObject({
        state: state.default('CONFIRMED'),
        from: date.optional(),
        to: date.optional(),
        ...institutionQuery,
        ...pageQuery,
      }),
      answer: pageOf(difference),
      handle: ({ query, caller }) =>
        pages.page('reconciliation-differences', caller, query, async (question, after, limit) => {
          const institution = institutionOf(caller, question.institution, services);
          const { state: wanted, from, to } = question;
          const range = {
            ...(from === undefined ? {} : { from }),
            ...(to === undefined ? {} : { to }),
            ...(after === null ? {} : { after }),
          };
          const items = [
            ...(await fresh(services)).differences({ institution, state: wanted, ...range, limit }),
          ];
          const last = items.at(-1);
          const next =
            last === undefined || items.length < limit ? null : `${last.date}/${last.id}`;
          return { items, next };
        }),
    }),
    route({
      ...TAG,
      method: 'get',
      path: '/v1/reconciliation/differences/{id}',
      summaryZh: '查询一笔差异及其处理过程',
      summaryEn: 'A difference and its life',
      permission: 'reconciliation:read',
      changes: false,
      params: z.strictObject({ id }),
      answer: difference,
      handle: ({ params, caller }) => theDifference(params.id, caller, services),
    }),
    eventRoute(services),
    suspenseRoute(services),
  ];
}

function eventRoute(services: ApiServices): Route {
  return route({
    ...TAG,
    method: 'get',
    path: '/v1/reconciliation/events',
    summaryZh: '多方对账：一个订单在各方的状态',
    summaryEn: 'One order, with what each comparison says of it',
    permission: 'reconciliation:read',
    changes: false,
    query: z.strictObject({ orderId: z.string().min(1).max(128), ...institutionQuery }),
    answer: z.object({
      orderId: z.string(),
      legs: z.array(
        z.object({
          flow: z.string(),
          layer: z.string(),
          date: z.string(),
          code: z.string(),
          state,
          id: z.string(),
        }),
      ),
    }),
    async handle({ query, caller }) {
      const institution = institutionOf(caller, query.institution, services);
      return (await fresh(services)).event(institution, query.orderId);
    },
  });
}

function suspenseRoute(services: ApiServices): Route {
  return route({
    ...TAG,
    method: 'get',
    path: '/v1/reconciliation/suspense',
    summaryZh: '待处理长短款按日期的账龄',
    summaryEn: 'Money in suspense by the date of its difference',
    permission: 'reconciliation:read',
    changes: false,
    query: z.strictObject(institutionQuery),
    answer: z.object({
      longFen: z.int(),
      shortFen: z.int(),
      byDate: z.array(
        z.object({ date: z.string(), longFen: z.int(), shortFen: z.int(), count: z.int() }),
      ),
    }),
    async handle({ query, caller }) {
      const institution = institutionOf(caller, query.institution, services);
      return (await fresh(services)).suspense(institution);
    },
  });
}

async function theDifference(
  wanted: string,
  caller: Caller,
  services: ApiServices,
): Promise<DifferenceRow> {
  const row = (await fresh(services)).difference(wanted);
  if (row !== null && inScope(caller, row.institution)) return row;
  throw notFound('There is no such difference.');
}
