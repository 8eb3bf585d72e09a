/** Runs of flows: what they found, starting one, how far it is, its report. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { idOf } from '../../../ledger/id.ts';
import { flowsOf } from '../../../modules/reconciliation/flow/flow.ts';
import { reportPath } from '../../../modules/reconciliation/flow/run-flow.ts';
import { factEntry } from '../../../modules/reconciliation/life/facts.ts';
import { progressPath } from '../../../modules/reconciliation/module.ts';
import { notFound } from '../../problem.ts';
import { type Caller, FileAnswer, file, inScope, type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { submitOrRefuse } from '../../submit.ts';
import { date, fresh, id, institutionOf, institutionQuery, TAG } from './asking.ts';

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

export function runRoutes(services: ApiServices): Route[] {
  const { config } = services;
  return [
    route({
      ...TAG,
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
    requestRoute(services),
    route({
      ...TAG,
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
      ...TAG,
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

function requestRoute(services: ApiServices): Route {
  const { config, ledger } = services;
  return route({
    ...TAG,
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
  });
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
