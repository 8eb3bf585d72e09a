/** `/v1/journal`, `/v1/trial-balance`, `/v1/audit/calls`: the books, and who did what. */
import { z } from 'zod';
import { accounts } from '../../modules/accounts/module.ts';
import { audit } from '../../modules/audit/module.ts';
import { pageOf, pageQuery } from '../page-token.ts';
import { inScope, type Route, route } from '../route.ts';
import { instant, instantOf } from '../schemas.ts';
import { type ApiServices, freshView } from '../services.ts';
import { chartName, journalView, journalViewOf } from '../statement.ts';
import { institutionOf } from './transactions.ts';

const RECORDS_LOOKED_AT = 5_000;
const sums = {
  debitsPendingFen: z.int(),
  debitsPostedFen: z.int(),
  creditsPendingFen: z.int(),
  creditsPostedFen: z.int(),
};

export function ledgerRoutes(services: ApiServices): Route[] {
  return [journalRoute(services), trialBalanceRoute(services), auditRoute(services)];
}

function journalRoute({ reader }: ApiServices): Route {
  return route({
    method: 'get',
    path: '/v1/journal',
    summaryZh: '日志：从某位置起顺序读取，供其他系统跟随',
    summaryEn: 'Records from a position on, for software that follows: go on at nextPosition',
    tag: 'ledger',
    permission: 'journal:read',
    changes: false,
    query: z.strictObject({
      from: z.coerce.number().int().min(1).optional(),
      limit: z.coerce.number().int().min(1).max(500).optional(),
    }),
    answer: z.object({
      records: z.array(journalView),
      nextPosition: z.int(),
      headPosition: z.int(),
    }),
    handle({ caller, query: { from = 1, limit = 100 } }) {
      const headPosition = reader.head().position;
      const records = [];
      let nextPosition = from;
      const to = Math.min(headPosition, from + RECORDS_LOOKED_AT - 1);
      for (const record of reader.records({ from, to })) {
        nextPosition = record.position + 1;
        if (inScope(caller, record.entry.institution)) records.push(journalViewOf(record));
        if (records.length === limit) break;
      }
      return { records, nextPosition, headPosition };
    },
  });
}

function trialBalanceRoute(services: ApiServices): Route {
  return route({
    method: 'get',
    path: '/v1/trial-balance',
    summaryZh: '试算平衡',
    summaryEn: 'What the accounts of each code hold together',
    tag: 'ledger',
    permission: 'ledger:read',
    changes: false,
    query: z.strictObject({ institution: z.string().max(16).optional() }),
    answer: z.object({
      institution: z.string(),
      position: z.int(),
      headPosition: z.int(),
      lines: z.array(
        z.object({
          ledger: z.int(),
          code: z.int(),
          name: z.string(),
          accounts: z.int(),
          ...sums,
        }),
      ),
      totals: z.object(sums),
      balanced: z.boolean(),
    }),
    async handle({ caller, query }) {
      const institution = institutionOf(query.institution, caller);
      const open = await freshView(accounts, services);
      const lines = open.queries.totals(institution);
      const total = (name: keyof typeof sums) => lines.reduce((sum, line) => sum + line[name], 0);
      const totals = {
        debitsPendingFen: total('debitsPendingFen'),
        debitsPostedFen: total('debitsPostedFen'),
        creditsPendingFen: total('creditsPendingFen'),
        creditsPostedFen: total('creditsPostedFen'),
      };
      return {
        institution,
        position: open.position(),
        headPosition: services.reader.head().position,
        lines: lines.map((line) => ({ ...line, name: chartName(line.code) })),
        totals,
        balanced:
          totals.debitsPostedFen === totals.creditsPostedFen &&
          totals.debitsPendingFen === totals.creditsPendingFen,
      };
    },
  });
}

function auditRoute(services: ApiServices): Route {
  const { reader, pages } = services;
  const call = z.object({
    position: z.int(),
    at: instant,
    caller: z.string(),
    route: z.string(),
    path: z.string(),
  });
  return route({
    method: 'get',
    path: '/v1/audit/calls',
    summaryZh: '操作审计：谁在何时做了什么',
    summaryEn: 'Every call that changed something, newest first',
    tag: 'ledger',
    permission: 'audit:view',
    changes: false,
    query: z.strictObject({ institution: z.string().max(16).optional(), ...pageQuery }),
    answer: pageOf(call),
    handle: ({ caller, query }) =>
      pages.page('audit', caller, query, async (asked, from, limit) => {
        const institution = asked.institution ?? caller.institution;
        const before = from === null ? null : Number(from);
        const scoped = inScope(caller, institution) ? institution : caller.institution;
        const { queries } = await freshView(audit, services);
        const positions = queries.calls(scoped, before, limit);
        const items = positions.map((position) => {
          const { entry, timestampUs } = reader.record(position)!;
          const payload = Buffer.from(entry.fact!.module!.payload ?? []).toString('utf8');
          const kept = JSON.parse(payload) as { caller: string; route: string; path: string };
          return { ...kept, position, at: instantOf(timestampUs) };
        });
        return { items, next: items.length === limit ? String(positions.at(-1)) : null };
      }),
  });
}
