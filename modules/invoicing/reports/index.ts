/** The six reports by name. */
import type { InvoicingQueries } from '../queries.ts';
import { cashierReport, channelReport, detailReport, pointReport, summaryReport } from './bills.ts';
import type { Report, ReportScope } from './report.ts';
import { stockReport } from './stock.ts';

export const REPORTS: Record<
  'stock' | 'detail' | 'summary' | 'channels' | 'points' | 'cashiers',
  (queries: InvoicingQueries, scope: ReportScope) => Report
> = {
  stock: stockReport,
  detail: detailReport,
  summary: summaryReport,
  channels: channelReport,
  points: pointReport,
  cashiers: cashierReport,
};

export type ReportName = keyof typeof REPORTS;
export const REPORT_NAMES = Object.keys(REPORTS) as ReportName[];
