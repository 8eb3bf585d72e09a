/** The day for people: where the net amounts come from and what is paid out, as CSV and XLSX. */
import { unzipSync, type Zippable, zipSync } from 'fflate';
import type { SheetData } from 'write-excel-file/node';
import type { NettingRow } from '../netting.ts';
import type { PayOut } from '../postings.ts';
import type { SuspenseItem } from '../suspense.ts';
import { type ClearingOutput, decimalYuan, isoDate } from './contents.ts';

interface Column<Row> {
  title: string;
  /** A text, a count, or an amount in fen. */
  kind: 'text' | 'count' | 'fen';
  value: (row: Row) => string | number;
}

const NETTING: readonly Column<NettingRow>[] = [
  { title: '商户号', kind: 'text', value: (row) => row.merchantId },
  { title: '商户名称', kind: 'text', value: (row) => row.merchantName },
  { title: '科室', kind: 'text', value: (row) => row.department },
  { title: '渠道', kind: 'text', value: (row) => row.channel },
  { title: '笔数', kind: 'count', value: (row) => row.count },
  { title: '交易金额', kind: 'fen', value: (row) => row.grossFen },
  { title: '退款金额', kind: 'fen', value: (row) => row.refundFen },
  { title: '手续费', kind: 'fen', value: (row) => row.feeFen },
  { title: '净额', kind: 'fen', value: (row) => row.netFen },
];

const STATES: Record<PayOut['state'], string> = {
  instructed: '已指令',
  'nothing-due': '无应付',
  'below-minimum': '低于起付金额',
  held: '暂缓',
  'no-payee': '无收款账户',
};

const PAY_OUTS: readonly Column<PayOut>[] = [
  { title: '商户号', kind: 'text', value: (row) => row.merchantId },
  { title: '状态', kind: 'text', value: (row) => STATES[row.state] },
  { title: '应付日期', kind: 'text', value: (row) => isoDate(row.payDate) },
  { title: '待付余额', kind: 'fen', value: (row) => row.balanceFen },
  { title: '出款金额', kind: 'fen', value: (row) => row.amountFen },
  { title: '收款户名', kind: 'text', value: (row) => row.payee?.name ?? '' },
  { title: '收款账号', kind: 'text', value: (row) => row.payee?.account ?? '' },
  { title: '开户行', kind: 'text', value: (row) => row.payee?.bankName ?? '' },
];

const SUSPENSE: readonly Column<SuspenseItem>[] = [
  { title: '业务日期', kind: 'text', value: (item) => isoDate(item.date) },
  { title: '商户号', kind: 'text', value: (item) => item.merchantId },
  { title: '方向', kind: 'text', value: ({ amountFen }) => (amountFen > 0 ? '长款' : '短款') },
  { title: '挂账金额', kind: 'fen', value: (item) => item.amountFen },
];

/** The tables as `.csv` and together as `.xlsx`; suspense only when there is something in it. */
export async function tableFiles(
  date: string,
  netting: readonly NettingRow[],
  payOuts: readonly PayOut[],
  suspense: readonly SuspenseItem[],
): Promise<ClearingOutput[]> {
  const hasSuspense = suspense.length > 0;
  const suspenseFen = suspense.reduce((sum, { amountFen }) => sum + amountFen, 0);
  const netFen = netting.reduce((sum, row) => sum + row.netFen, 0);
  const outFen = payOuts.reduce((sum, row) => sum + row.amountFen, 0);
  return [
    csvFile(`netting-${date}.csv`, NETTING, netting, netFen),
    csvFile(`pay-outs-${date}.csv`, PAY_OUTS, payOuts, outFen),
    ...(hasSuspense ? [csvFile(`suspense-${date}.csv`, SUSPENSE, suspense, suspenseFen)] : []),
    {
      name: `clearing-${date}.xlsx`,
      bytes: await workbook([
        { sheet: '净额', data: sheetOf(NETTING, netting) },
        { sheet: '出款', data: sheetOf(PAY_OUTS, payOuts) },
        ...(hasSuspense ? [{ sheet: '挂账', data: sheetOf(SUSPENSE, suspense) }] : []),
      ]),
      records: netting.length,
      totalFen: netFen,
    },
  ];
}

function csvFile<Row>(
  name: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  totalFen: number,
): ClearingOutput {
  const lines = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map((column) => csvValue(column, row))),
  ];
  // The mark in front tells spreadsheets that it is UTF-8.
  const text = `\uFEFF${lines.map((line) => line.map(csvCell).join(',')).join('\r\n')}\r\n`;
  return { name, bytes: Buffer.from(text, 'utf8'), records: rows.length, totalFen };
}

function csvValue<Row>({ kind, value }: Column<Row>, row: Row): string {
  const given = value(row);
  if (kind === 'fen') return decimalYuan(given as number);
  return kind === 'count' ? String(given) : safeText(String(given));
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A text that no spreadsheet takes for a formula; the OWASP page on CSV injection has the list. */
export function safeText(text: string): string {
  return /^[\s]*[=+\-@\t\r|%]/.test(text) ? `'${text}` : text;
}

function sheetOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): SheetData {
  const head = columns.map(({ title }) => ({ value: title, fontWeight: 'bold' as const }));
  const body = rows.map((row) =>
    columns.map(({ kind, value }) => {
      const given = value(row);
      if (kind === 'text') return { value: String(given), type: String };
      if (kind === 'count') return { value: Number(given), type: Number };
      return { value: Number(decimalYuan(Number(given))), type: Number, format: '#,##0.00' };
    }),
  );
  return [head, ...body];
}

/** ZIP files hold the time at which they were made: all of ours were made at the beginning of ZIP. */
const ZIP_TIME = new Date(1980, 0, 1);

/** The same sheets give the same bytes. */
async function workbook(sheets: { sheet: string; data: SheetData }[]): Promise<Buffer> {
  const { default: writeXlsxFile } = await import('write-excel-file/node');
  const made = await writeXlsxFile(
    sheets.map(({ sheet, data }) => ({ sheet, data, stickyRowsCount: 1 })),
  ).toBuffer();
  const parts: Zippable = {};
  for (const [name, bytes] of Object.entries(unzipSync(made))) {
    parts[name] = [bytes, { mtime: ZIP_TIME }];
  }
  return Buffer.from(zipSync(parts, { level: 6 }));
}
