/** What the hospital looks at: numbers and how they went, what waits, requests, tasks not done yet. */
import { z } from 'zod';
import { stockWarnings } from '../../../modules/invoicing/reports/stock.ts';
import { countOf } from '../../../modules/invoicing/stock/ranges.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { deskOf, READ } from './desk.ts';

const TAG = { tag: 'invoicing' } as const;

export function listRoutes(services: ApiServices): Route[] {
  return [...lookRoutes(services), stockEventsRoute(services)];
}

function lookRoutes(services: ApiServices): Route[] {
  const rows = z.object({ rows: z.array(z.unknown()) });
  const list = (
    path: string,
    summaryZh: string,
    summaryEn: string,
    look: (desk: ReturnType<typeof deskOf>) => unknown[],
  ) =>
    route({
      ...TAG,
      method: 'get',
      path: `/v1/invoices/${path}`,
      summaryZh,
      summaryEn,
      permission: READ,
      changes: false,
      answer: rows,
      handle: ({ caller }) => ({ rows: look(deskOf(services, caller)) }),
    });
  return [
    list('stock', '票据库存', 'Numbers of every holder', ({ queries, institution }) =>
      queries.holdings(institution).map((holding) => ({ ...holding, left: countOf(holding.free) })),
    ),
    list('stock/warnings', '库存预警', 'Holders that run out', ({ queries, institution }) =>
      stockWarnings(queries, institution),
    ),
    list('stock/applications', '在线申领记录', 'Applications for numbers', (desk) =>
      desk.queries.list('stock-applications', desk.institution),
    ),
    list('waiting', '待处理业务及原因', 'Charges without the right bill, and why', (desk) => {
      const charges = desk.queries.waitingCharges(desk.institution);
      return charges.map(({ busNo, reason, registeredUs }) => ({ busNo, reason, registeredUs }));
    }),
    list('unbilled', '未开票的缴费', 'Payments that no charge is known for', (desk) =>
      desk.queries.unbilledPayments(desk.institution),
    ),
    list('fiscal-tasks', '财政报送任务', 'Tasks to the fiscal side', (desk) =>
      desk.queries.unfinishedFiscalTasks(desk.institution),
    ),
    list('push-tasks', '待推送的通知', 'Messages to patients that are not sent yet', (desk) =>
      desk.queries.unfinishedPushTasks(desk.institution),
    ),
    list('requests', '业务受理', 'Requests', (desk) =>
      desk.queries.list('requests', desk.institution),
    ),
    list('archive/destructions', '档案销毁清册', 'Destruction lists', (desk) =>
      desk.queries.list('destructions', desk.institution),
    ),
  ];
}

/** 票据领购查询, 票据作废查询: the newest first. */
function stockEventsRoute(services: ApiServices): Route {
  const date = z.string().regex(/^\d{8}$/, 'YYYYMMDD');
  return route({
    ...TAG,
    method: 'get',
    path: '/v1/invoices/stock/events',
    summaryZh: '票据领购、分发、退回、作废记录',
    summaryEn: 'How numbers went, the newest first',
    permission: READ,
    changes: false,
    query: z.object({
      what: z.enum(['received', 'distributed', 'returned', 'void']).optional(),
      from: date.default('00000000'),
      to: date.default('99999999'),
      limit: z.coerce.number().int().min(1).max(1_000).default(1_000),
    }),
    answer: z.object({ rows: z.array(z.unknown()) }),
    handle: ({ query: { what, from, to, limit }, caller }) => {
      const { queries, institution } = deskOf(services, caller);
      const rows: unknown[] = [];
      for (const { value } of queries.stockEvents(institution, { reverse: true })) {
        if (rows.length === limit || value.businessDate < from) break;
        if (value.businessDate <= to && (what ?? value.what) === value.what) rows.push(value);
      }
      return { rows };
    },
  });
}
