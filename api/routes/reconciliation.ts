/**
 * `/v1/reconciliation`: runs, differences and their lives. Adjustments are proposed and decided with
 * all other money operations at `/v1/proposals`, operation `reconciliation-adjustment`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { idOf } from '../../ledger/id.ts';
import { flowsOf } from '../../modules/reconciliation/flow/flow.ts';
import { reportPath } from '../../modules/reconciliation/flow/run-flow.ts';
import type { DifferenceRow } from '../../modules/reconciliation/life/difference.ts';
import { factEntry } from '../../modules/reconciliation/life/facts.ts';
import { progressPath, reconciliation } from '../../modules/reconciliation/module.ts';
import { DIFFERENCE_CODES } from '../../modules/reconciliation/record.ts';
import { pageOf, pageQuery } from '../page-token.ts';
import { badRequest, notFound } from '../problem.ts';
import { type Caller, FileAnswer, file, inScope, type Route, route } from '../route.ts';
import { type ApiServices, freshView } from '../services.ts';
import { submitOrRefuse } from '../submit.ts';

const date = z.string().regex(/^\d{8}$/, 'YYYYMMDD');
const id = z.string().regex(/^[0-9a-f]{1,64}$/);
const institutionQuery = { institution: z.string().max(16).optional() };
const state = z.enum(['BUFFERED', 'AUTO_CLEARED', 'CONFIRMED', 'PROPOSED', 'POSTED', 'CLOSED']);

const run = z.object({
  runId: z.string(),
  flow: z.string(),
  layer: z.string(),
  source: z.string(),
  date: z.string(),
  version: z.int(),
  outcome: z.enum(['done', 'refused', 'missing']),
  reason: z.string().optional(),
  matched: z.int(),
  counts: z.record(z.string(), z.int()),
  totals: z.looseObject({}).optional(),
  appeared: z.int(),
  disappeared: z.int(),
  changedFile: z.object({ oldSha256: z.string(), newSha256: z.string() }).optional(),
});

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
  history: z.array(z.object({ position: z.int(), state, why: z.string() })),
});

const common = { tag: 'reconciliation' } as const;

export function reconciliationRoutes(services: ApiServices): Route[] {
  return [...runRoutes(services), ...differenceRoutes(services)];
}

function runRoutes(services: ApiServices): Route[] {
  const { config, ledger } = services;
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/reconciliation/runs',
      summaryZh: '某日各对账流程的运行结果（含各版本）',
      summaryEn: 'Runs of a date, with every version',
      permission: 'reconciliation:read',
      changes: false,
      query: z.strictObject({ date, ...institutionQuery }),
      answer: z.object({ runs: z.array(run) }),
      async handle({ query, caller }) {
        const institution = institutionOf(caller, query.institution, services);
        return { runs: (await fresh(services)).runs(institution, query.date) };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/v1/reconciliation/runs',
      summaryZh: '立即执行一个对账流程',
      summaryEn: 'Run a flow now',
      permission: 'reconciliation:run',
      changes: true,
      body: z.strictObject({ flow: z.string().max(64), date }),
      answer: z.object({ position: z.int() }),
      async handle({ body, caller, idempotencyKey }) {
        const flows = flowsOf(config.reconciliation, services.reader);
        const flow = flows.find(({ name }) => name === body.flow);
        if (flow === undefined || !inScope(caller, flow.institution)) {
          throw notFound(`There is no flow ${body.flow}.`);
        }
        const { institution } = flow;
        const entryId = idOf('reconciliation-request', caller.id, idempotencyKey);
        const fact = { institution, ...body, by: caller.id };
        const entry = factEntry(entryId, institution, 'requested', body.flow, fact);
        const { position } = await submitOrRefuse(ledger, entry);
        return { position };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/reconciliation/progress',
      summaryZh: '正在执行的对账进度',
      summaryEn: 'How far the current run is',
      permission: 'reconciliation:read',
      changes: false,
      answer: z.object({
        current: z
          .object({ flow: z.string(), date: z.string(), slot: z.string(), share: z.number() })
          .nullable(),
      }),
      handle: () => ({ current: currentProgress(config.dataDir) }),
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/reconciliation/runs/{runId}/report/{format}',
      summaryZh: '下载对账报告（HTML、CSV、XLSX）',
      summaryEn: 'The report of a run',
      permission: 'reconciliation:read',
      changes: false,
      params: z.strictObject({ runId: id, format: z.enum(['html', 'csv', 'xlsx']) }),
      answer: file,
      handle: ({ params, caller }) => report(params, caller, services),
    }),
  ];
}

/** The file of the run that goes on; it may be gone at any moment. */
function currentProgress(dataDir: string) {
  try {
    return JSON.parse(readFileSync(progressPath(dataDir), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const CONTENT_TYPES = {
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
} as const;

async function report(
  { runId, format }: { runId: string; format: keyof typeof CONTENT_TYPES },
  caller: Caller,
  services: ApiServices,
): Promise<FileAnswer> {
  const found = (await fresh(services)).run(runId);
  if (found === null || !inScope(caller, found.institution))
    throw notFound('There is no such run.');
  const path = `${reportPath(services.config.dataDir, found.flow, found.date, runId)}.${format}`;
  if (!existsSync(path)) throw notFound('The run has no report.');
  const name = format === 'html' ? null : `${found.flow}-${found.date}.${format}`;
  return new FileAnswer(readFileSync(path), CONTENT_TYPES[format], name);
}

function differenceRoutes(services: ApiServices): Route[] {
  const { pages } = services;
  return [
    route({
      ...common,
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
      ...common,
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
    route({
      ...common,
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
    }),
    suspenseRoute(services),
  ];
}

function suspenseRoute(services: ApiServices): Route {
  return route({
    ...common,
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

/** Everything that was recorded before the call is in it. */
async function fresh(services: ApiServices) {
  return (await freshView(reconciliation, services)).queries;
}

function institutionOf(caller: Caller, asked: string | undefined, { reader }: ApiServices): string {
  const wanted = asked ?? caller.institution;
  if (!inScope(caller, wanted)) throw notFound(`There is no institution ${wanted}.`);
  if (wanted !== '') return wanted;
  const all = [...reader.registry.list('institution')].map(({ key }) => key);
  if (all.length === 1) return all[0]!;
  throw badRequest('institution_missing', 'Say which institution.');
}
