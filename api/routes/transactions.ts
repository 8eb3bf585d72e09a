/** `/v1/transactions`: what terminals asked and got. */
import { z } from 'zod';
import { transactions } from '../../modules/transactions/module.ts';
import { pageOf, pageQuery } from '../page-token.ts';
import { badRequest, notFound } from '../problem.ts';
import { type Caller, inScope, type Route, route } from '../route.ts';
import { businessDate, cardId, merchantId, terminalId } from '../schemas.ts';
import { type ApiServices, freshView } from '../services.ts';
import { transactionView, transactionViewOf } from '../statement.ts';
import { cardOf } from './cards.ts';

const wanted = z.strictObject({
  institution: z.string().max(16).optional(),
  fromDate: businessDate.optional(),
  toDate: businessDate.optional(),
  kind: z.string().max(32).optional(),
  merchantId: merchantId.optional(),
  terminalId: terminalId.optional(),
  traceNumber: z
    .string()
    .regex(/^\d{6}$/)
    .optional(),
  cardId: cardId.optional(),
  responseCode: z
    .string()
    .regex(/^[0-9A-Z]{2}$/)
    .optional(),
  amountFen: z.coerce.number().int().min(0).optional(),
  ...pageQuery,
});

export function transactionRoutes(services: ApiServices): Route[] {
  const { reader, pages } = services;
  return [
    route({
      method: 'get',
      path: '/v1/transactions',
      summaryZh: '交易查询；不给日期时查当前业务日',
      summaryEn: 'Search transactions; without dates of the current business day',
      tag: 'transactions',
      permission: 'transactions:read',
      changes: false,
      query: wanted,
      answer: pageOf(transactionView),
      handle: ({ caller, query }) =>
        pages.page('transactions', caller, query, async (asked, from, limit) => {
          const institution = institutionOf(asked.institution, caller);
          const today = reader.head().businessDates[institution] ?? '';
          const { cardId: card, ...rest } = asked;
          const cardNumber =
            card === undefined ? undefined : cardOf(card, caller, services).value.number;
          const fromDate = asked.fromDate ?? asked.toDate ?? today;
          const toDate = asked.toDate ?? (asked.fromDate === undefined ? fromDate : today);
          const search = { ...rest, institution, fromDate, toDate, cardNumber };
          const { queries } = await freshView(transactions, services);
          const { positions, next } = queries.search(search, from, limit);
          return { items: positions.map((at) => transactionViewOf(reader.record(at)!)), next };
        }),
    }),
    route({
      method: 'get',
      path: '/v1/transactions/{position}',
      summaryZh: '交易明细',
      summaryEn: 'One transaction by its place in the journal',
      tag: 'transactions',
      permission: 'transactions:read',
      changes: false,
      params: z.strictObject({ position: z.coerce.number().int().min(1) }),
      answer: transactionView,
      handle({ caller, params: { position } }) {
        const record = reader.record(position);
        const isSeen =
          record?.entry.fact?.transaction !== undefined &&
          inScope(caller, record.entry.institution);
        if (!isSeen) throw notFound('There is no such transaction.');
        return transactionViewOf(record);
      },
    }),
  ];
}

/** The institution that is asked about: the caller's own, or one that a caller of the whole names. */
export function institutionOf(asked: string | undefined, caller: Caller): string {
  const institution = asked ?? caller.institution;
  if (institution === '') throw badRequest('no_institution', 'Say which institution.');
  if (!inScope(caller, institution)) throw notFound(`There is no institution ${institution}.`);
  return institution;
}
