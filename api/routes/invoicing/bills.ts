/** The HIS side: charges, bills, red letters, paper, notices. */
import { z } from 'zod';
import { PUSH_CHANNELS } from '../../../modules/invoicing/act/push.ts';
import { billName } from '../../../modules/invoicing/bill/bill.ts';
import {
  type BillContent,
  contentSchema,
  type PaymentLink,
  paymentLinkSchema,
} from '../../../modules/invoicing/bill/content.ts';
import { billFile } from '../../../modules/invoicing/face/files.ts';
import { pageLink } from '../../../modules/invoicing/face/link.ts';
import { invoicing } from '../../../modules/invoicing/module.ts';
import type { FoundBill } from '../../../modules/invoicing/queries.ts';
import { type Desk, InvoicingRefused } from '../../../modules/invoicing/requests.ts';
import { FileAnswer, file, type Route, route } from '../../route.ts';
import { type ApiServices, freshView } from '../../services.ts';
import { answered, deskOf, factKey, MANAGE, READ, requirePoint, WRITE } from './desk.ts';

const name = z.object({ billCode: z.string(), billNumber: z.string() });
const nullableName = name.nullable();
const text = (max: number) => z.string().min(1).max(max);

const billAnswer = name.extend({
  checkCode: z.string(),
  name: z.string(),
  kind: z.enum(['normal', 'red']),
  busNo: z.string(),
  issueDate: z.string(),
  issueTime: z.string(),
  /** Negative for a red bill. */
  totalFen: z.int(),
  state: z.enum(['issued', 'red-lettered']),
  redBill: nullableName,
  original: nullableName,
  paper: z.object({ paperCode: z.string(), paperNumber: z.string() }).nullable(),
  /** 入账: by which unit it was booked. */
  booked: z.object({ date: z.string(), amountFen: z.int(), by: z.string() }).nullable(),
  /** 归档: the yearly package that holds it; null before its year is packed. */
  archive: z
    .object({ package: z.string(), keepUntil: z.string(), destroyed: z.string() })
    .nullable(),
  signed: z.boolean(),
  fiscal: z.enum(['waiting', 'accepted', 'failing']),
  link: z.string(),
});

const chargeAnswer = z.object({
  busNo: z.string(),
  /** Why there is no bill, or not the right one; empty when all is as it should be. */
  reason: z.string(),
  bills: z.array(billAnswer),
});

const TAG = { tag: 'invoicing' } as const;
/** A charge list of thousands of lines. */
const CHARGE_BYTES_MAX = 4 << 20;

export function billRoutes(services: ApiServices): Route[] {
  return [
    ...chargeRoutes(services),
    ...singleBillRoutes(services),
    bookingRoute(services),
    personRoute(services),
    ...paperRoutes(services),
  ];
}

function chargeRoutes(services: ApiServices): Route[] {
  const busNo = z.object({ busNo: text(50) });
  return [
    route({
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
        return charge(desk, body.content.busNo);
      },
    }),
    route({
      ...TAG,
      method: 'get',
      path: '/v1/invoices/charges/{busNo}',
      summaryZh: '按业务流水号查询票据',
      summaryEn: 'The bills of a charge',
      permission: READ,
      changes: false,
      params: busNo,
      answer: chargeAnswer,
      handle: ({ params, caller }) => {
        return answered(
          Promise.resolve().then(() => charge(deskOf(services, caller), params.busNo)),
        );
      },
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
        return charge(desk, params.busNo);
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
  const issueAt = given.at ?? (payments.length > 0 ? 'payment' : 'now');
  if (itemGroup === undefined) await desk.registerCharge(given.content, issueAt, payments);
  else {
    const content = desk.withItemGroup(given.content, itemGroup);
    const uses = [{ table: 'itemGroup' as const, key: itemGroup }];
    await desk.registerCharge(content, issueAt, payments, uses);
  }
}

function singleBillRoutes(services: ApiServices): Route[] {
  const path = '/v1/invoices/bills/{billCode}/{billNumber}';
  return [
    route({
      ...TAG,
      method: 'get',
      path,
      summaryZh: '票据状态：冲红、换开、入账',
      summaryEn: 'A bill: red-lettered, exchanged, booked?',
      permission: READ,
      changes: false,
      params: name,
      answer: billAnswer,
      handle: ({ params, caller }) => {
        const desk = deskOf(services, caller);
        return answered(Promise.resolve().then(() => shown(found(desk, params), desk)));
      },
    }),
    route({
      ...TAG,
      method: 'get',
      path: `${path}/{kind}`,
      summaryZh: '版式文件、签名原文与归档元数据（pdf、ofd、xml、metadata）',
      summaryEn: 'Layout file, signed original, or archive metadata (pdf, ofd, xml, metadata)',
      permission: READ,
      changes: false,
      params: name.extend({ kind: z.enum(['pdf', 'ofd', 'xml', 'metadata']) }),
      answer: file,
      handle: async ({ params, caller }) => {
        const desk = deskOf(services, caller);
        const bill = await answered(Promise.resolve().then(() => found(desk, params)));
        const made = await answered(billFile(desk.queries, bill, params.kind));
        return new FileAnswer(made.bytes, made.contentType, made.fileName);
      },
    }),
    route({
      ...TAG,
      method: 'post',
      path: `${path}/red-letter`,
      summaryZh: '冲红',
      summaryEn: 'Red-letter a bill',
      permission: WRITE,
      changes: true,
      params: name,
      body: z.object({ reason: text(200), operator: text(60), pointCode: text(50) }),
      answer: z.object({ redBill: nullableName }),
      handle: async (call) => {
        const desk = deskOf(services, call.caller);
        requirePoint(desk, call.caller, call.body.pointCode);
        const payload = { ...call.params, ...call.body };
        const { bill } = await answered(desk.ask('red-letter', payload, factKey(call)));
        return { redBill: bill === null ? null : billName(bill) };
      },
    }),
    route({
      ...TAG,
      method: 'post',
      path: `${path}/notices`,
      summaryZh: '推送票据（公众号、短信、邮箱、卡包）',
      summaryEn: 'Send a bill (official account, SMS, mail, card pack)',
      permission: WRITE,
      changes: true,
      params: name,
      body: z.object({ channel: z.enum(PUSH_CHANNELS), address: text(200) }),
      answer: z.object({}),
      handle: async (call) => {
        const desk = deskOf(services, call.caller);
        await answered(desk.ask('notice', { ...call.params, ...call.body }, factKey(call)));
        return {};
      },
    }),
  ];
}

function bookingRoute(services: ApiServices): Route {
  return route({
    ...TAG,
    method: 'post',
    path: '/v1/invoices/bills/{billCode}/{billNumber}/booking',
    summaryZh: '登记入账（受票单位已入账，不再冲红）',
    summaryEn: 'The payer’s unit has booked the bill: it is not red-lettered any more',
    permission: MANAGE,
    changes: true,
    params: name,
    body: z.strictObject({
      date: z.string().regex(/^\d{8}$/, 'YYYYMMDD'),
      amountFen: z.int().min(0),
      by: text(100),
    }),
    answer: z.object({}),
    handle: async (call) => {
      const desk = deskOf(services, call.caller);
      await answered(desk.ask('booked', { ...call.params, ...call.body }, factKey(call)));
      return {};
    },
  });
}

function personRoute(services: ApiServices): Route {
  return route({
    ...TAG,
    method: 'get',
    path: '/v1/invoices/persons/{number}/bills',
    summaryZh: '按就诊卡、证件或门诊号查询票据',
    summaryEn: 'The bills of a visit card, identity or patient number',
    permission: READ,
    changes: false,
    params: z.object({ number: text(50) }),
    answer: z.object({ bills: z.array(billAnswer) }),
    handle: ({ params, caller }) => {
      const desk = deskOf(services, caller);
      const bills = desk.queries.billsOfPerson(desk.institution, params.number);
      return { bills: bills.map((bill) => shown(bill, desk)) };
    },
  });
}

function paperRoutes(services: ApiServices): Route[] {
  const paper = z.object({
    paperCode: text(20),
    paperNumber: z.string().regex(/^\d{1,10}$/),
    pointCode: text(50),
    operator: text(60),
  });
  const exchange = (kind: 'exchange' | 're-exchange', summaryZh: string, summaryEn: string) =>
    route({
      ...TAG,
      method: 'post',
      path: `/v1/invoices/bills/{billCode}/{billNumber}/${kind}`,
      summaryZh,
      summaryEn,
      permission: WRITE,
      changes: true,
      params: name,
      body: paper,
      answer: z.object({}),
      handle: async (call) => {
        const desk = deskOf(services, call.caller);
        requirePoint(desk, call.caller, call.body.pointCode);
        await answered(desk.ask(kind, { ...call.params, ...call.body }, factKey(call)));
        return {};
      },
    });
  return [
    exchange('exchange', '换开纸质票据', 'Exchange a bill to printed paper'),
    exchange('re-exchange', '重新换开', 'The paper was spoiled: take another'),
    route({
      ...TAG,
      method: 'post',
      path: '/v1/invoices/papers/{paperCode}/{paperNumber}/void',
      summaryZh: '作废已换开的纸质票据',
      summaryEn: 'Void the paper of a bill',
      permission: WRITE,
      changes: true,
      params: z.object({ paperCode: z.string(), paperNumber: z.string() }),
      body: z.object({ pointCode: text(50), reason: text(200) }),
      answer: z.object({}),
      handle: async (call) => {
        const desk = deskOf(services, call.caller);
        requirePoint(desk, call.caller, call.body.pointCode);
        const payload = { ...call.params, ...call.body };
        await answered(desk.ask('paper-voided', payload, factKey(call)));
        return {};
      },
    }),
  ];
}

function charge(desk: Desk, busNo: string): z.input<typeof chargeAnswer> {
  const { reason } = desk.chargeAnswer(busNo);
  const bills = desk.queries.billsOfBusiness(desk.institution, busNo);
  return { busNo, reason, bills: bills.map((bill) => shown(bill, desk)) };
}

function found(desk: Desk, params: z.output<typeof name>): FoundBill {
  const bill = desk.queries.bill(params);
  if (bill === null || bill.bill.institution !== desk.institution) {
    throw new InvoicingRefused('unknown-bill', 'There is no such bill.');
  }
  return bill;
}

function shown({ bill, state }: FoundBill, desk: Desk): z.input<typeof billAnswer> {
  const address = desk.queries.managed(desk.institution, 'unit', 'unit')?.value.pageAddress ?? '';
  return {
    billCode: bill.billCode,
    billNumber: bill.billNumber,
    checkCode: bill.checkCode,
    name: bill.name,
    kind: bill.kind,
    busNo: bill.busNo,
    issueDate: bill.issueDate,
    issueTime: bill.issueTime,
    totalFen: bill.kind === 'red' ? -bill.content.totalFen : bill.content.totalFen,
    state: state.state,
    redBill: state.redBill,
    original: bill.original,
    paper: state.paper,
    booked: state.booked,
    archive: archiveOf(bill, desk),
    signed: state.unitSignature !== null,
    fiscal: state.fiscal,
    link: pageLink(address, bill),
  };
}

function archiveOf(bill: FoundBill['bill'], { queries }: Desk) {
  const packed = queries.archiveOf(bill);
  if (packed === null) return null;
  const { file: name, keepUntil, destroyed } = packed;
  return { package: name, keepUntil, destroyed };
}
