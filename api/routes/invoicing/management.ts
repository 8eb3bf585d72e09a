/** The hospital's own side: managed data, numbers, the outbox to the fiscal side, requests, destruction. */

import { z } from 'zod';
import { faultsOf } from '../../../config/faults.ts';
import type { FactKind, FactPayloads } from '../../../modules/invoicing/facts.ts';
import { managedItem } from '../../../modules/invoicing/managed/sample.ts';
import {
  MANAGED_TABLES,
  type ManagedInput,
  type ManagedTable,
} from '../../../modules/invoicing/managed/schemas.ts';
import { stockWarnings } from '../../../modules/invoicing/reports/stock.ts';
import { countOf } from '../../../modules/invoicing/stock/ranges.ts';
import { badRequest } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { answered, deskOf, factKey, MANAGE, READ, WRITE } from './desk.ts';

const TAG = { tag: 'invoicing' } as const;
const text = (max: number) => z.string().min(1).max(max);
const table = z.enum(MANAGED_TABLES as [ManagedTable]);
const whole = z.int().min(0).max(9_999_999_999);
const medium = z.enum(['electronic', 'paper']).default('electronic');
const range = { medium, billCode: text(20), from: whole, to: whole };

/** Calls that are one fact each: where, what it is called, what it takes. */
const COMMANDS: readonly {
  path: string;
  zh: string;
  en: string;
  kind: FactKind;
  permission: string;
  body: z.ZodType;
}[] = [
  {
    path: 'stock/received',
    zh: '手工票据领购',
    en: 'Numbers came from the fiscal side by hand',
    kind: 'numbers-received',
    permission: MANAGE,
    body: z
      .strictObject({ ...range, reference: text(100) })
      .transform((body) => ({ ...body, source: 'manual' as const })),
  },
  {
    path: 'stock/applications',
    zh: '票据在线申领',
    en: 'Ask the fiscal side for more numbers',
    kind: 'numbers-wanted',
    permission: MANAGE,
    body: z.strictObject({ billCode: text(20), count: z.int().min(1).max(10_000_000) }),
  },
  {
    path: 'stock/distributed',
    zh: '票据分发',
    en: 'Give numbers to an issuing point',
    kind: 'numbers-distributed',
    permission: MANAGE,
    body: z.strictObject({
      medium,
      billCode: text(20),
      fromHolder: z.string().max(50).default(''),
      toHolder: text(50),
      from: whole.optional(),
      count: z.int().min(1).max(10_000_000),
    }),
  },
  {
    path: 'stock/returned',
    zh: '票据退回',
    en: 'Numbers go back up',
    kind: 'numbers-returned',
    permission: MANAGE,
    body: z.strictObject({ ...range, holder: text(50) }),
  },
  {
    path: 'stock/voided',
    zh: '空白票据作废',
    en: 'Void numbers that were not used',
    kind: 'numbers-voided',
    permission: MANAGE,
    body: z.strictObject({ ...range, holder: z.string().max(50), reason: text(200) }),
  },
  {
    path: 'retry',
    zh: '重新处理待开票业务',
    en: 'Try again whatever waits',
    kind: 'retry-waiting',
    permission: MANAGE,
    body: z.strictObject({}),
  },
  {
    path: 'fiscal-tasks/retry',
    zh: '重新报送财政',
    en: 'Report to the fiscal side again',
    kind: 'fiscal-retry',
    permission: MANAGE,
    body: z.strictObject({ task: text(200) }),
  },
  {
    path: 'requests',
    zh: '业务受理：提交',
    en: 'Submit a request',
    kind: 'request-opened',
    permission: WRITE,
    body: z.strictObject({
      id: text(50),
      kind: z.enum(['go-live', 'use', 'fault', 'special']),
      subject: text(200),
      text: text(4_000),
    }),
  },
  {
    path: 'requests/steps',
    zh: '业务受理：审核、处理、跟踪',
    en: 'Review, handle, follow up a request',
    kind: 'request-moved',
    permission: MANAGE,
    body: z.strictObject({
      id: text(50),
      state: z.enum(['accepted', 'rejected', 'in-work', 'resolved', 'closed']),
      text: z.string().max(4_000).default(''),
      assignee: z.string().max(60).default(''),
    }),
  },
  {
    path: 'archive/destructions',
    zh: '档案销毁清册',
    en: 'List archive packages for destruction',
    kind: 'destruction-listed',
    permission: MANAGE,
    body: z.strictObject({
      id: text(50),
      packages: z.array(text(200)).min(1).max(100),
      reason: text(500),
    }),
  },
  {
    path: 'archive/destructions/approve',
    zh: '批准销毁清册（另一人）',
    en: 'Approve a destruction list, by somebody else',
    kind: 'destruction-approved',
    permission: MANAGE,
    body: z.strictObject({ id: text(50) }),
  },
];

export function managementRoutes(services: ApiServices): Route[] {
  return [
    ...COMMANDS.map((command) => commandRoute(services, command)),
    ...managedRoutes(services),
    ...lookRoutes(services),
    stockEventsRoute(services),
  ];
}

function commandRoute(services: ApiServices, command: (typeof COMMANDS)[number]): Route {
  const { path, zh, en, kind, permission, body } = command;
  return route({
    ...TAG,
    method: 'post',
    path: `/v1/invoices/${path}`,
    summaryZh: zh,
    summaryEn: en,
    permission,
    changes: true,
    body,
    answer: z.object({}),
    handle: async (call) => {
      const payload = call.body as Omit<FactPayloads[typeof kind], 'who'>;
      await answered(deskOf(services, call.caller).ask(kind, payload, factKey(call)));
      return {};
    },
  });
}

function managedRoutes(services: ApiServices): Route[] {
  const path = '/v1/invoices/managed/{table}';
  const row = z.object({
    key: z.string(),
    value: z.unknown(),
    revision: z.int(),
    used: z.boolean(),
  });
  return [
    route({
      ...TAG,
      method: 'get',
      path,
      summaryZh: '开票点、开票员、项目分组、编码对照、业务类别、印章等',
      summaryEn: 'A table of managed data',
      permission: READ,
      changes: false,
      params: z.object({ table }),
      answer: z.object({ rows: z.array(row) }),
      handle: ({ params, caller }) => {
        const desk = deskOf(services, caller);
        return { rows: desk.queries.managedList(desk.institution, params.table) };
      },
    }),
    route({
      ...TAG,
      method: 'put',
      path,
      summaryZh: '新增或修改',
      summaryEn: 'Set a managed value; its key is in it',
      permission: MANAGE,
      changes: true,
      params: z.object({ table }),
      bodyBytesMax: 1 << 19,
      body: z.record(z.string(), z.unknown()),
      answer: z.object({ key: z.string() }),
      handle: async (call) => {
        const item = itemOf(call.params.table, call.body);
        await answered(deskOf(services, call.caller).ask('managed', item, factKey(call)));
        return { key: item.key };
      },
    }),
    route({
      ...TAG,
      method: 'delete',
      path: `${path}/{key}`,
      summaryZh: '删除（已有业务数据的只能停用）',
      summaryEn: 'Remove a managed value; one that has data can only be disabled',
      permission: MANAGE,
      changes: true,
      params: z.object({ table, key: text(100) }),
      answer: z.object({}),
      handle: async (call) => {
        const payload = { ...call.params, value: null };
        await answered(deskOf(services, call.caller).ask('managed', payload, factKey(call)));
        return {};
      },
    }),
  ];
}

function itemOf(name: ManagedTable, body: Record<string, unknown>) {
  try {
    return managedItem(name, body as ManagedInput[typeof name]);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw badRequest('invalid', faultsOf(error));
  }
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
