/** The six reports and the reconciliation. Who is bound to an issuing point sees that point and what is below it. */
import { z } from 'zod';
import { isDate } from '../../../modules/invoicing/bill/dates.ts';
import { FrontError } from '../../../modules/invoicing/fiscal/front.ts';
import { REPORT_NAMES, REPORTS } from '../../../modules/invoicing/reports/index.ts';
import { reportHtml, reportXlsx } from '../../../modules/invoicing/reports/print.ts';
import { reconcile, reconcileFiscalDay } from '../../../modules/invoicing/reports/reconcile.ts';
import type { Report } from '../../../modules/invoicing/reports/report.ts';
import type { Desk } from '../../../modules/invoicing/requests.ts';
import { frontOf } from '../../../modules/invoicing/settings.ts';
import { ApiProblem, badRequest } from '../../problem.ts';
import { type Caller, FileAnswer, file, type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { deskOf, pointsOf, READ, requirePoint } from './desk.ts';

const TAG = { tag: 'invoicing' } as const;
const date = z.string().refine(isDate, 'a date, YYYYMMDD');
const name = z.enum(REPORT_NAMES as [(typeof REPORT_NAMES)[number]]);
const query = z.object({
  from: date,
  to: date,
  point: z.string().max(50).optional(),
  cashier: z.string().max(50).optional(),
  busType: z.string().max(2).optional(),
});

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

export function reportRoutes(services: ApiServices): Route[] {
  const common = { ...TAG, method: 'get', permission: READ, changes: false } as const;
  return [
    route({
      ...common,
      path: '/v1/invoices/reports/{name}',
      summaryZh: '库存结余、明细、汇总、交费渠道、部门开票点、部门收费员',
      summaryEn: 'A report: stock, detail, summary, channels, points, cashiers',
      params: z.object({ name }),
      query,
      answer: z.object({
        name: z.string(),
        title: z.string(),
        scope: z.string(),
        columns: z.array(z.object({ key: z.string(), zh: z.string(), kind: z.string() })),
        rows: z.array(z.record(z.string(), z.union([z.string(), z.number()]))),
        totals: z.record(z.string(), z.union([z.string(), z.number()])),
      }),
      handle: ({ params, query: asked, caller }) => {
        const { columns, ...report } = reportOf(services, params.name, asked, caller);
        return { ...report, columns: [...columns] };
      },
    }),
    route({
      ...common,
      path: '/v1/invoices/reports/{name}/{format}',
      summaryZh: '报表文件（xlsx、html）',
      summaryEn: 'A report as a file (xlsx, html)',
      params: z.object({ name, format: z.enum(['xlsx', 'html']) }),
      query,
      answer: file,
      handle: async ({ params, query: asked, caller }) => {
        const report = reportOf(services, params.name, asked, caller);
        const fileName = `${report.title}-${asked.from}-${asked.to}.${params.format}`;
        if (params.format === 'xlsx')
          return new FileAnswer(await reportXlsx(report), XLSX, fileName);
        return new FileAnswer(Buffer.from(reportHtml(report)), 'text/html; charset=utf-8');
      },
    }),
    route({
      ...common,
      path: '/v1/invoices/reconciliation',
      summaryZh: '收费与开票对账',
      summaryEn: 'Charges against bills',
      answer: z.record(z.string(), z.unknown()),
      handle: ({ caller }) => {
        const desk = deskOf(services, caller);
        return { ...reconcile(desk.queries, desk.institution) };
      },
    }),
    route({
      ...common,
      path: '/v1/invoices/reconciliation/fiscal/{date}',
      summaryZh: '开票与财政对账',
      summaryEn: 'Bills of a business date against the fiscal side',
      params: z.object({ date }),
      answer: z.record(z.string(), z.unknown()),
      handle: ({ params, caller }) => fiscalDay(services, deskOf(services, caller), params.date),
    }),
  ];
}

async function fiscalDay({ config }: ApiServices, desk: Desk, day: string) {
  const front = frontOf(config.invoicing);
  if (front === null) throw new ApiProblem(409, 'no_fiscal_side', 'This house reports to nobody.');
  try {
    return { ...(await reconcileFiscalDay(desk.queries, front, desk.institution, day)) };
  } catch (error) {
    if (!(error instanceof FrontError)) throw error;
    throw new ApiProblem(503, 'fiscal_side_away', error.message);
  }
}

function reportOf(
  services: ApiServices,
  report: z.output<typeof name>,
  asked: z.output<typeof query>,
  caller: Caller,
): Report {
  const desk = deskOf(services, caller);
  const mine = pointsOf(desk, caller);
  const { from, to, cashier, busType } = asked;
  const point = asked.point ?? mine[0];
  if (asked.point === undefined && mine.length > 1) {
    throw badRequest('point_needed', `Name one of your issuing points: ${mine.join(', ')}.`);
  }
  if (point !== undefined) requirePoint(desk, caller, point);
  return REPORTS[report](desk.queries, {
    institution: desk.institution,
    from,
    to,
    ...(point === undefined ? {} : { point }),
    ...(cashier === undefined ? {} : { cashier }),
    ...(busType === undefined ? {} : { busType }),
  });
}
