/** The hospital's own side: calls that are one fact each. Numbers, requests, destruction of archives. */
import { z } from 'zod';
import type { FactKind, FactPayloads } from '../../../modules/invoicing/facts.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { answered, deskOf, factKey, MANAGE, WRITE } from './desk.ts';
import { text } from './shapes.ts';

const whole = z.int().min(0).max(9_999_999_999);
const medium = z.enum(['electronic', 'paper']).default('electronic');
const range = { medium, billCode: text(20), from: whole, to: whole };

/** Where, what it is called, what it takes. */
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

export function commandRoutes(services: ApiServices): Route[] {
  return COMMANDS.map((command) => commandRoute(services, command));
}

function commandRoute(services: ApiServices, command: (typeof COMMANDS)[number]): Route {
  const { path, zh, en, kind, permission, body } = command;
  return route({
    tag: 'invoicing',
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
