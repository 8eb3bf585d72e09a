/**
 * The reports about bills: the detail (明细表), the same lines grouped by issuing point and by cashier
 * (部门汇总表), the summary by cashier and category (汇总表), and the sums by channel (交费渠道汇总表).
 * A red bill counts with its negative amount.
 */
import { signOf, times, totalFenOf } from '../bill/bill.ts';
import { sumFen } from '../bill/content.ts';
import { stateText } from '../face/face.ts';
import type { FoundBill, InvoicingQueries } from '../queries.ts';
import { pointsWithin } from './points.ts';
import {
  type Column,
  count,
  fen,
  type Report,
  type ReportScope,
  type Row,
  text,
  totalsOf,
} from './report.ts';

/** The fifteen columns, in the order in which the department reports have them. */
const DETAIL_COLUMNS: readonly Column[] = [
  text('businessDate', '业务日期'),
  text('issueDate', '开票日期'),
  text('pointName', '开票点名称'),
  text('cashier', '收费员'),
  text('payerName', '患者姓名'),
  text('busType', '业务标识'),
  text('department', '科室'),
  text('channels', '交费渠道'),
  fen('totalFen', '开票总金额'),
  text('billName', '票据名称'),
  text('billCode', '票据代码'),
  text('billNumber', '票据号码'),
  text('redNumber', '关联红票号码'),
  text('paperNumber', '关联纸质票号码'),
  text('state', '状态'),
];

export function detailReport(queries: InvoicingQueries, scope: ReportScope): Report {
  return detail(queries, scope, 'detail', '医疗电子票据明细表', []);
}

export function pointReport(queries: InvoicingQueries, scope: ReportScope): Report {
  return detail(queries, scope, 'points', '部门开票点汇总表', ['pointName']);
}

export function cashierReport(queries: InvoicingQueries, scope: ReportScope): Report {
  return detail(queries, scope, 'cashiers', '部门收费员汇总表', ['cashier']);
}

function detail(
  queries: InvoicingQueries,
  scope: ReportScope,
  name: string,
  title: string,
  groups: readonly string[],
): Report {
  const names = new Names(queries, scope.institution);
  const rows = [...billsIn(queries, scope)].map((found) => detailRow(found, names));
  for (const group of [...groups].reverse()) {
    rows.sort((a, b) => compare(String(a[group]), String(b[group])));
  }
  const totals = totalsOf(DETAIL_COLUMNS, rows, ['totalFen']);
  return { name, title, scope: scopeText(scope, names), columns: DETAIL_COLUMNS, rows, totals };
}

function detailRow({ bill, state }: FoundBill, names: Names): Row {
  const { content } = bill;
  return {
    businessDate: bill.businessDate,
    issueDate: bill.issueDate,
    pointName: names.point(bill.handled.pointCode),
    cashier: names.cashier(bill.handled.cashier),
    payerName: content.payer.name,
    busType: names.category(content.busType),
    department: content.visit.department,
    channels: content.channels.map(({ code }) => names.channel(code)).join('、'),
    totalFen: totalFenOf(bill),
    billName: bill.name,
    billCode: bill.billCode,
    billNumber: bill.billNumber,
    redNumber: (bill.kind === 'red' ? bill.original : state.redBill)?.billNumber ?? '',
    paperNumber: state.paper?.paperNumber ?? '',
    state: stateText(state, bill.kind),
  };
}

/** 医疗电子票据汇总表: one row for each cashier, category and kind of bill. */
export function summaryReport(queries: InvoicingQueries, scope: ReportScope): Report {
  const names = new Names(queries, scope.institution);
  const groups = new Map<string, Row>();
  const channels = new Set<string>();
  for (const { bill } of billsIn(queries, scope)) {
    const { content } = bill;
    const key = [bill.handled.cashier, content.busType, bill.name].join('|');
    let row = groups.get(key);
    if (row === undefined) {
      const cashier = names.cashier(bill.handled.cashier);
      const category = names.category(content.busType);
      const none = { depositsFen: 0, totalFen: 0, issued: 0, red: 0 };
      row = { cashier, category, billName: bill.name, ...none };
      groups.set(key, row);
    }
    row[bill.kind === 'red' ? 'red' : 'issued'] =
      Number(row[bill.kind === 'red' ? 'red' : 'issued']) + 1;
    row['totalFen'] = Number(row['totalFen']) + totalFenOf(bill);
    const usedFen = times(sumFen(content.vouchers), signOf(bill));
    row['depositsFen'] = Number(row['depositsFen']) + usedFen;
    addChannels(row, bill, channels);
  }
  const columns = [
    text('cashier', '收费员'),
    text('category', '业务类别'),
    text('billName', '票据种类'),
    ...channelColumns(channels, names),
    fen('depositsFen', '使用预交金'),
    fen('totalFen', '合计'),
    count('issued', '开票份数'),
    count('red', '冲红份数'),
  ];
  const rows = [...groups.entries()].sort(([a], [b]) => compare(a, b)).map(([, row]) => row);
  return finished('summary', '医疗电子票据汇总表', scope, names, columns, rows);
}

/** 交费渠道汇总表: one row for each issuing point, one amount for each channel. */
export function channelReport(queries: InvoicingQueries, scope: ReportScope): Report {
  const names = new Names(queries, scope.institution);
  const groups = new Map<string, Row>();
  const channels = new Set<string>();
  for (const { bill } of billsIn(queries, scope)) {
    const { pointCode } = bill.handled;
    let row = groups.get(pointCode);
    if (row === undefined) {
      row = { point: names.point(pointCode), period: `${scope.from}–${scope.to}`, totalFen: 0 };
      groups.set(pointCode, row);
    }
    row['totalFen'] = Number(row['totalFen']) + addChannels(row, bill, channels);
  }
  const columns = [
    text('point', '单位/开票点'),
    text('period', '时间段'),
    ...channelColumns(channels, names),
    fen('totalFen', '合计'),
  ];
  const rows = [...groups.entries()].sort(([a], [b]) => compare(a, b)).map(([, row]) => row);
  return finished('channels', '交费渠道汇总表', scope, names, columns, rows);
}

/** Adds a bill's channels to a row; what they come to. */
function addChannels(row: Row, bill: FoundBill['bill'], channels: Set<string>): number {
  let sum = 0;
  for (const { code, amountFen } of bill.content.channels) {
    const key = `channel${code}`;
    const signed = times(amountFen, signOf(bill));
    row[key] = Number(row[key] ?? 0) + signed;
    channels.add(code);
    sum += signed;
  }
  return sum;
}

function channelColumns(channels: Set<string>, names: Names): Column[] {
  return [...channels].sort(compare).map((code) => fen(`channel${code}`, names.channel(code)));
}

function finished(
  name: string,
  title: string,
  scope: ReportScope,
  names: Names,
  columns: Column[],
  rows: Row[],
): Report {
  const adds = columns.filter(({ kind }) => kind !== 'text').map(({ key }) => key);
  const totals = totalsOf(columns, rows, adds);
  return { name, title, scope: scopeText(scope, names), columns, rows, totals };
}

function* billsIn(queries: InvoicingQueries, scope: ReportScope): Iterable<FoundBill> {
  const { institution, point, cashier, busType, from, to } = scope;
  const points = point === undefined ? null : pointsWithin(queries, institution, point);
  for (const found of queries.billsOfDays(institution, { from, to })) {
    const { content, handled } = found.bill;
    if (points !== null && !points.has(handled.pointCode)) continue;
    if (cashier !== undefined && handled.cashier !== cashier) continue;
    if (busType !== undefined && content.busType !== busType) continue;
    yield found;
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function scopeText({ institution, point, cashier, from, to }: ReportScope, names: Names): string {
  const parts = [institution];
  if (point !== undefined) parts.push(names.point(point));
  if (cashier !== undefined) parts.push(names.cashier(cashier));
  return `${parts.join(' / ')}　${from}–${to}`;
}

/** Codes as names, looked up once each. */
class Names {
  readonly #queries: InvoicingQueries;
  readonly #institution: string;
  readonly #known = new Map<string, string>();

  constructor(queries: InvoicingQueries, institution: string) {
    this.#queries = queries;
    this.#institution = institution;
  }

  point = (code: string) => this.#look('point', code);
  cashier = (code: string) => this.#look('issuer', code);
  category = (code: string) => this.#look('category', code);
  channel = (code: string) => this.#look('channel', code);

  #look(table: 'point' | 'issuer' | 'category' | 'channel', code: string): string {
    const key = `${table}|${code}`;
    let name = this.#known.get(key);
    if (name === undefined) {
      name = this.#queries.managed(this.#institution, table, code)?.value.name ?? code;
      this.#known.set(key, name);
    }
    return name;
  }
}
