/** 库存结余表: what each holder had, got, gave, used and has. The unit sees everybody below it. */
import type { InvoicingQueries } from '../queries.ts';
import {
  balanceOf,
  type Holding,
  holdingKey,
  MOVEMENTS,
  type Movements,
  NO_MOVEMENTS,
  numberText,
  UNIT_HOLDER,
} from '../stock/holding.ts';
import { countOf } from '../stock/ranges.ts';
import { pointsWithin } from './points.ts';
import {
  type Column,
  count,
  type Report,
  type ReportScope,
  type Row,
  text,
  totalsOf,
} from './report.ts';

const COLUMNS: readonly Column[] = [
  text('organisation', '机构'),
  text('billType', '票据种类'),
  text('billCode', '票据代码'),
  count('opening', '期初结余'),
  count('received', '本期领入'),
  count('distributed', '本期分发'),
  count('returned', '本期退回'),
  count('issued', '正票份数'),
  count('red', '红票份数'),
  count('void', '作废份数'),
  count('closing', '期末结余'),
  text('firstNumber', '起始号'),
  text('lastNumber', '终止号'),
  count('warning', '预警值'),
  count('stock', '库存'),
];

export function stockReport(queries: InvoicingQueries, scope: ReportScope): Report {
  const { institution, point, from, to } = scope;
  const points = point === undefined ? null : pointsWithin(queries, institution, point);
  const rows = queries
    .holdings(institution)
    .filter(({ holder }) => points === null || points.has(holder))
    .map((holding) => stockRow(queries, holding, scope));
  const adds = ['opening', 'received', 'distributed', 'returned', 'issued', 'red', 'void'];
  const totals = totalsOf(COLUMNS, rows, [...adds, 'closing', 'stock']);
  const scopeText = `${[institution, point].filter(Boolean).join(' / ')}　${from}–${to}`;
  return { name: 'stock', title: '库存结余表', scope: scopeText, columns: COLUMNS, rows, totals };
}

function stockRow(
  queries: InvoicingQueries,
  holding: Holding,
  { institution, from, to }: ReportScope,
): Row {
  const before: Movements = { ...NO_MOVEMENTS };
  const within: Movements = { ...NO_MOVEMENTS };
  for (const { date, moved } of queries.holdingDays(holdingKey(holding))) {
    if (date > to) continue;
    const sums = date < from ? before : within;
    for (const movement of MOVEMENTS) sums[movement] += moved[movement];
  }
  const opening = balanceOf(before);
  const { holder, billCode, medium, free } = holding;
  const point = queries.managed(institution, 'point', holder)?.value;
  const unit = queries.managed(institution, 'unit', 'unit')?.value;
  return {
    organisation: holder === UNIT_HOLDER ? (unit?.name ?? institution) : (point?.name ?? holder),
    billType: medium === 'paper' ? '纸质票据' : typeName(queries, institution, billCode),
    billCode,
    opening,
    received: within.received,
    distributed: within.distributed,
    returned: within.returnedIn - within.returnedOut,
    issued: within.issued,
    red: within.red,
    void: within.void,
    closing: opening + balanceOf(within),
    firstNumber: free[0] === undefined ? '' : numberText(free[0][0]),
    lastNumber: free.length === 0 ? '' : numberText(free.at(-1)![1]),
    warning: point?.warnBelow ?? 0,
    stock: countOf(free),
  };
}

function typeName(queries: InvoicingQueries, institution: string, billCode: string): string {
  const types = queries.managedList(institution, 'billType');
  const found = types.find(
    ({ value }) => value.classCode + value.kindCode === billCode.slice(2, 6),
  );
  return found?.value.name ?? billCode;
}

/** Holders with less than their warning level; nothing at all is the worst. */
export function stockWarnings(queries: InvoicingQueries, institution: string) {
  return queries
    .holdings(institution)
    .map((holding) => ({ ...holding, left: countOf(holding.free) }))
    .filter(({ holder, left }) => {
      const point = queries.managed(institution, 'point', holder)?.value;
      return point?.enabled === true && left < point.warnBelow;
    })
    .map(({ medium, billCode, holder, left }) => ({ medium, billCode, holder, left }));
}
