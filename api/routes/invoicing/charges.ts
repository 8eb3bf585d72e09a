/** Charges of the HIS, and the bills that they became. */
import { z } from 'zod';
import {
  type BillContent,
  contentSchema,
  type PaymentLink,
  paymentLinkSchema,
} from '../../../modules/invoicing/bill/content.ts';
import { missingCharacters } from '../../../modules/invoicing/face/font.ts';
import { invoicing } from '../../../modules/invoicing/module.ts';
import type { Desk } from '../../../modules/invoicing/requests.ts';
import { type Caller, type Route, route } from '../../route.ts';
import { type ApiServices, freshView } from '../../services.ts';
import { answered, deskOf, factKey, READ, requirePoint, WRITE } from './desk.ts';
import { billAnswer, shown, text } from './shapes.ts';

const chargeAnswer = z.object({
  busNo: z.string(),
  /** Why there is no bill, or not the right one; empty when all is as it should be. */
  reason: z.string(),
  bills: z.array(billAnswer),
  /** What is issued and yet not as one would wish: `characters-not-in-font: …` (boxes on the PDF). */
  warnings: z.array(z.string()).optional(),
});

const TAG = { tag: 'invoicing' } as const;
/** A charge list of thousands of lines. */
const CHARGE_BYTES_MAX = 4 << 20;

export function chargeRoutes(services: ApiServices): Route[] {
  return [registerRoute(services), ...knownChargeRoutes(services)];
}

function registerRoute(services: ApiServices): Route {
  return route({
    ...TAG,
    method: 'post',
    path: '/v1/invoices/charges',
    summaryZh: '登记收费明细：随缴费、签到或立即开票',
    summaryEn: 'Register a charge: it becomes a bill with its payment, at check-in, or at once',
    permission: WRITE,
    changes: true,
    bodyBytesMax: CHARGE_BYTES_MAX,
    body: z.object({
      content: contentSchema,
      payments: z.array(paymentLinkSchema).max(20).default([]),
      at: z.enum(['payment', 'check-in', 'now']).optional(),
      /** 项目分组: its lines become those of the content, which has none. */
      itemGroup: z.string().max(50).optional(),
    }),
    answer: chargeAnswer,
    handle: async ({ body, caller }) => {
      await freshView(invoicing, services);
      const desk = deskOf(services, caller);
      requirePoint(desk, caller, body.content.pointCode);
      await answered(register(desk, body));
      return warned(charge(desk, body.content.busNo), body.content);
    },
  });
}

function knownChargeRoutes(services: ApiServices): Route[] {
  const busNo = z.object({ busNo: text(50) });
  const look = {
    ...TAG,
    method: 'get',
    summaryZh: '按业务流水号查询票据',
    summaryEn: 'The bills of a charge',
    permission: READ,
    changes: false,
    answer: chargeAnswer,
  } as const;
  return [
    route({
      ...look,
      path: '/v1/invoices/charges/{busNo}',
      params: busNo,
      handle: ({ params, caller }) => lookUp(services, caller, params.busNo),
    }),
    // A busNo with a slash does not fit into a path.
    route({
      ...look,
      path: '/v1/invoices/charges',
      query: busNo,
      handle: ({ query, caller }) => lookUp(services, caller, query.busNo),
    }),
    route({
      ...TAG,
      method: 'post',
      path: '/v1/invoices/charges/{busNo}/check-in',
      summaryZh: '签到取号：开具挂号票据',
      summaryEn: 'The patient has checked in: the registration bill is issued',
      permission: WRITE,
      changes: true,
      params: busNo,
      answer: chargeAnswer,
      handle: async (call) => {
        const desk = deskOf(services, call.caller);
        await answered(desk.ask('check-in', call.params, factKey(call)));
        return charge(desk, call.params.busNo);
      },
    }),
    route({
      ...TAG,
      method: 'post',
      path: '/v1/invoices/charges/{busNo}/remainder',
      summaryZh: '登记部分退费后的剩余收费明细',
      summaryEn: 'What is left of a charge after a partial refund',
      permission: WRITE,
      changes: true,
      bodyBytesMax: CHARGE_BYTES_MAX,
      params: busNo,
      body: z.object({ content: contentSchema }),
      answer: chargeAnswer,
      handle: async ({ params, body, caller }) => {
        const desk = deskOf(services, caller);
        requirePoint(desk, caller, body.content.pointCode);
        await answered(desk.registerRemainder(params.busNo, body.content));
        return warned(charge(desk, params.busNo), body.content);
      },
    }),
  ];
}

async function register(
  desk: Desk,
  given: {
    content: BillContent;
    payments: PaymentLink[];
    at?: 'payment' | 'check-in' | 'now' | undefined;
    itemGroup?: string | undefined;
  },
): Promise<void> {
  const { payments, itemGroup } = given;
  const issueAt = given.at ?? desk.issueAtOf(given.content, payments);
  if (itemGroup === undefined) await desk.registerCharge(given.content, issueAt, payments);
  else {
    const content = desk.withItemGroup(given.content, itemGroup);
    const uses = [{ table: 'itemGroup' as const, key: itemGroup }];
    await desk.registerCharge(content, issueAt, payments, uses);
  }
}

/** The HIS asks before it pays back: what the switch has answered is in it. */
async function lookUp(services: ApiServices, caller: Caller, busNo: string) {
  await freshView(invoicing, services);
  return answered(Promise.resolve().then(() => charge(deskOf(services, caller), busNo)));
}

async function warned(answer: z.input<typeof chargeAnswer>, content: BillContent) {
  const missing = await missingCharacters(JSON.stringify(content));
  if (missing.length === 0) return answer;
  return { ...answer, warnings: [`characters-not-in-font: ${missing.join('')}`] };
}

function charge(desk: Desk, busNo: string): z.input<typeof chargeAnswer> {
  const { reason } = desk.chargeAnswer(busNo);
  const bills = desk.queries.billsOfBusiness(desk.institution, busNo);
  return { busNo, reason, bills: bills.map((bill) => shown(bill, desk)) };
}
