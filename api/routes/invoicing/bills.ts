/** Bills: their state and files, red letters, notices, booking, and all bills of a person. */
import { z } from 'zod';
import { PUSH_CHANNELS } from '../../../modules/invoicing/act/push.ts';
import { billName } from '../../../modules/invoicing/bill/bill.ts';
import { isDate } from '../../../modules/invoicing/bill/dates.ts';
import { billFile } from '../../../modules/invoicing/face/files.ts';
import { invoicing } from '../../../modules/invoicing/module.ts';
import { FileAnswer, file, type Route, route } from '../../route.ts';
import { type ApiServices, freshView } from '../../services.ts';
import { answered, deskOf, factKey, MANAGE, READ, requirePoint, WRITE } from './desk.ts';
import { billAnswer, found, name, nullableName, shown, text } from './shapes.ts';

const TAG = { tag: 'invoicing' } as const;
const PATH = '/v1/invoices/bills/{billCode}/{billNumber}';

export function billRoutes(services: ApiServices): Route[] {
  return [
    ...lookRoutes(services),
    ...changeRoutes(services),
    bookingRoute(services),
    personRoute(services),
  ];
}

function lookRoutes(services: ApiServices): Route[] {
  return [
    route({
      ...TAG,
      method: 'get',
      path: PATH,
      summaryZh: '票据状态：冲红、换开、入账',
      summaryEn: 'A bill: red-lettered, exchanged, booked?',
      permission: READ,
      changes: false,
      params: name,
      answer: billAnswer,
      handle: async ({ params, caller }) => {
        await freshView(invoicing, services);
        const desk = deskOf(services, caller);
        return answered(Promise.resolve().then(() => shown(found(desk, params), desk)));
      },
    }),
    route({
      ...TAG,
      method: 'get',
      path: `${PATH}/{kind}`,
      summaryZh: '版式文件、签名原文与归档元数据（pdf、ofd、xml、metadata）',
      summaryEn: 'Layout file, signed original, or archive metadata (pdf, ofd, xml, metadata)',
      permission: READ,
      changes: false,
      params: name.extend({ kind: z.enum(['pdf', 'ofd', 'xml', 'metadata']) }),
      answer: file,
      handle: async ({ params, caller }) => {
        await freshView(invoicing, services);
        const desk = deskOf(services, caller);
        const bill = await answered(Promise.resolve().then(() => found(desk, params)));
        const made = await answered(billFile(desk.queries, bill, params.kind));
        return new FileAnswer(made.bytes, made.contentType, made.fileName);
      },
    }),
  ];
}

function changeRoutes(services: ApiServices): Route[] {
  return [
    route({
      ...TAG,
      method: 'post',
      path: `${PATH}/red-letter`,
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
        const { bill } = await answered(desk.redLetter(payload, factKey(call)));
        return { redBill: bill === null ? null : billName(bill) };
      },
    }),
    route({
      ...TAG,
      method: 'post',
      path: `${PATH}/notices`,
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
    path: `${PATH}/booking`,
    summaryZh: '登记入账（受票单位已入账，不再冲红）',
    summaryEn: 'The payer’s unit has booked the bill: it is not red-lettered any more',
    permission: MANAGE,
    changes: true,
    params: name,
    body: z.strictObject({
      date: z.string().refine(isDate, 'a date, YYYYMMDD'),
      amountFen: z.int().min(0),
      by: text(100),
    }),
    answer: z.object({}),
    handle: async (call) => {
      const desk = deskOf(services, call.caller);
      const payload = { ...call.params, ...call.body };
      await answered(desk.book(payload, factKey(call)));
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
    handle: async ({ params, caller }) => {
      await freshView(invoicing, services);
      const desk = deskOf(services, caller);
      const bills = desk.queries.billsOfPerson(desk.institution, params.number);
      return { bills: bills.map((bill) => shown(bill, desk)) };
    },
  });
}
