/** Cleared days: their results, their files, and what became of their pay-outs. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { institutionFolder } from '../../../modules/clearing/folder.ts';
import { type ClearedDay, clearing } from '../../../modules/clearing/module.ts';
import { payOutOutcomeEntry } from '../../../modules/clearing/postings.ts';
import { payee } from '../../../modules/clearing/terms.ts';
import { pageOf, pageQuery } from '../../page-token.ts';
import { conflict, notFound } from '../../problem.ts';
import { type Caller, FileAnswer, file, type Route, route } from '../../route.ts';
import { businessDate, merchantId, signedFen, why } from '../../schemas.ts';
import { type ApiServices, freshView } from '../../services.ts';
import { submitOrRefuse } from '../../submit.ts';
import { institutionOf } from '../transactions.ts';

const payOutView = z.object({
  merchantId,
  balanceFen: z.int(),
  amountFen: z.int(),
  state: z.string(),
  payDate: businessDate,
  payee: payee.nullable(),
  outcome: z.enum(['paid', 'returned']).nullable(),
});
const dayView = z.object({
  institution: z.string(),
  date: businessDate,
  payOuts: z.array(payOutView),
  unexplained: z.array(z.object({ merchantId, amountFen: signedFen })),
  versions: z.array(
    z.object({
      version: z.int(),
      position: z.int(),
      signature: z.string(),
      files: z.array(
        z.object({ name: z.string(), sha256: z.string(), records: z.int(), totalFen: z.int() }),
      ),
    }),
  ),
});
const common = { tag: 'clearing' } as const;

export function dayRoutes(services: ApiServices): Route[] {
  const { pages } = services;
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/clearing/days',
      summaryZh: '已清算日期，含文件版本与出款',
      summaryEn: 'Cleared days with their files and pay-outs, newest first',
      permission: 'clearing:read',
      changes: false,
      query: z.strictObject({ institution: z.string().max(16).optional(), ...pageQuery }),
      answer: pageOf(dayView),
      handle: ({ caller, query }) =>
        pages.page('clearing', caller, query, async (asked, from, limit) => {
          const institution = institutionOf(asked.institution, caller);
          const { queries } = await freshView(clearing, services);
          const items = queries.days(institution, from, limit);
          return { items, next: items.length === limit ? items.at(-1)!.date : null };
        }),
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/clearing/days/{date}',
      summaryZh: '某日清算结果',
      summaryEn: 'One cleared day',
      permission: 'clearing:read',
      changes: false,
      params: z.strictObject({ date: businessDate }),
      answer: dayView,
      handle: ({ caller, params: { date } }) => dayOf(date, caller, services),
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/clearing/days/{date}/files/{name}',
      summaryZh: '下载清算文件；与封存的散列不符则拒绝',
      summaryEn: 'A released file; refused when it is not what was sealed',
      permission: 'clearing:read',
      changes: false,
      params: z.strictObject({ date: businessDate, name: z.string().max(100) }),
      answer: file,
      handle: ({ caller, params: { date, name } }) => fileOf(date, name, caller, services),
    }),
    outcomeRoute(services),
  ];
}

function outcomeRoute(services: ApiServices): Route {
  return route({
    ...common,
    method: 'post',
    path: '/v1/clearing/days/{date}/pay-outs/{merchantId}/outcome',
    summaryZh: '登记出款结果：已付或退回',
    summaryEn: 'The bank has paid a pay-out, or has returned it',
    permission: 'clearing:manage',
    changes: true,
    params: z.strictObject({ date: businessDate, merchantId }),
    body: z.strictObject({ outcome: z.enum(['paid', 'returned']), why }),
    answer: payOutView,
    async handle({ caller, params, body }) {
      const day = await dayOf(params.date, caller, services);
      const payOut = day.payOuts.find((one) => one.merchantId === params.merchantId);
      if (payOut === undefined || payOut.amountFen === 0) {
        throw notFound('Nothing was paid out to this merchant on this day.');
      }
      if (payOut.outcome !== null && payOut.outcome !== body.outcome) {
        throw conflict('already_known', `This pay-out was ${payOut.outcome}.`);
      }
      const { institution, date } = day;
      const place = { institution, date, who: caller.id, why: body.why };
      const entry = payOutOutcomeEntry(payOut, body.outcome, place);
      await submitOrRefuse(services.ledger, entry);
      return { ...payOut, outcome: body.outcome };
    },
  });
}

async function dayOf(date: string, caller: Caller, services: ApiServices): Promise<ClearedDay> {
  const institution = institutionOf(undefined, caller);
  const { queries } = await freshView(clearing, services);
  const day = queries.day(institution, date);
  if (day === undefined) throw notFound(`${date} was not cleared.`);
  return day;
}

const CONTENT_TYPES: Record<string, string> = {
  txt: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  xml: 'application/xml',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

async function fileOf(
  date: string,
  name: string,
  caller: Caller,
  services: ApiServices,
): Promise<FileAnswer> {
  const day = await dayOf(date, caller, services);
  // The name comes from the manifest, never from the caller alone.
  const listed = day.versions.at(-1)?.files.find((one) => one.name === name);
  if (listed === undefined) throw notFound(`There is no file ${name} of ${date}.`);
  const { config, reader } = services;
  const folder = institutionFolder(config.clearingDir, day.institution, reader.registry);
  const path = join(folder, date, listed.name);
  if (!existsSync(path)) throw notFound(`${name} is not on the disk: clear the day again.`);
  const bytes = readFileSync(path);
  if (createHash('sha256').update(bytes).digest('hex') !== listed.sha256) {
    throw conflict('file_changed', `${name} is not what was sealed: clear the day again.`);
  }
  const isGbk = name.startsWith('com-');
  const type = CONTENT_TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
  return new FileAnswer(bytes, isGbk ? 'text/plain; charset=gbk' : type, name);
}
