/** A report as data: the columns with their Chinese names, and the rows. API, XLSX and HTML print it. */

export interface Column {
  key: string;
  zh: string;
  kind: 'text' | 'fen' | 'count';
}

export type Row = Record<string, string | number>;

export interface Report {
  name: string;
  title: string;
  /** Who and when: printed above the table. */
  scope: string;
  columns: readonly Column[];
  rows: Row[];
  /** Rows that close a group, by the index of the row they stand behind. */
  totals: Row;
}

/** What a report is made of: the caller's unit or point or cashier, and the dates. */
export interface ReportScope {
  institution: string;
  /** Only this issuing point and what lies below it. */
  point?: string;
  cashier?: string;
  /** 业务标识. */
  busType?: string;
  /** Business dates YYYYMMDD, both included. */
  from: string;
  to: string;
}

export const text = (key: string, zh: string): Column => ({ key, zh, kind: 'text' });
export const fen = (key: string, zh: string): Column => ({ key, zh, kind: 'fen' });
export const count = (key: string, zh: string): Column => ({ key, zh, kind: 'count' });

/** Sums of the columns that can be added up; the first text column says 合计. */
export function totalsOf(columns: readonly Column[], rows: readonly Row[], adds: string[]): Row {
  const totals: Row = {};
  for (const { key } of columns) {
    if (adds.includes(key)) totals[key] = rows.reduce((sum, row) => sum + Number(row[key] ?? 0), 0);
  }
  const first = columns.find(({ kind }) => kind === 'text');
  if (first !== undefined) totals[first.key] = '合计';
  return totals;
}
