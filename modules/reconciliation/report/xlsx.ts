/** Differences as a workbook: totals on the first sheet, one difference a row on the second. */
import { DIFFERENCE_LABELS, type DifferenceCode } from '../record.ts';
import type { ReconciliationResult, SideTotals } from '../result.ts';
import { COLUMNS, harmless } from './columns.ts';

type Cell =
  | { value: string; type: StringConstructor; fontWeight?: 'bold' }
  | YuanCell
  | CountCell
  | null;
interface YuanCell {
  value: number;
  type: NumberConstructor;
  format: string;
}
interface CountCell {
  value: number;
  type: NumberConstructor;
}

/** Texts are written as texts, never as formulas; amounts as numbers of yuan. */
export async function differencesXlsx(result: ReconciliationResult): Promise<Buffer> {
  const details: Cell[][] = [
    COLUMNS.map(({ title }) => heading(title)),
    ...result.differences.map((difference) =>
      COLUMNS.map(({ kind, value }): Cell => {
        const found = value(difference);
        if (found === null || found === '') return null;
        return kind === 'yuan' ? yuan(found as number) : text(String(found));
      }),
    ),
  ];
  const { default: writeExcelFile } = await import('write-excel-file/node');
  return await writeExcelFile([
    { data: totalsSheet(result), sheet: '汇总 Totals', columns: widths(8) },
    { data: details, sheet: '差异 Differences', columns: widths(COLUMNS.length) },
  ]).toBuffer();
}

function totalsSheet({ source, date, matched, counts, totals }: ReconciliationResult): Cell[][] {
  const side = (name: string, of: SideTotals): Cell[] => [
    text(name),
    count(of.lines),
    count(of.matched),
    count(of.differences),
    yuan(of.payFen),
    yuan(of.refundFen),
    yuan(of.netFen),
    yuan(of.feeFen),
  ];
  return [
    [heading(`对账 Reconciliation ${source} ${date ?? ''}`)],
    [text('相符 Matched'), count(matched)],
    [],
    [
      '',
      '笔数 Lines',
      '相符 Matched',
      '差异 Different',
      '支付 Payments',
      '退款 Refunds',
      '净额 Net',
      '手续费 Fees',
    ].map(heading),
    side('我方 Ours', totals.ours),
    side('渠道 Theirs', totals.theirs),
    [],
    ...Object.entries(counts).map(([code, number]): Cell[] => {
      const { zh, en } = DIFFERENCE_LABELS[code as DifferenceCode];
      return [text(code), count(number), text(`${zh} ${en}`)];
    }),
  ];
}

function widths(columns: number): { width: number }[] {
  return Array.from({ length: columns }, () => ({ width: 20 }));
}

function heading(value: string): Cell {
  return { value, type: String, fontWeight: 'bold' };
}

function text(value: string): Cell {
  return { value: harmless(value), type: String };
}

function count(value: number): Cell {
  return { value, type: Number };
}

function yuan(amountFen: number): Cell {
  return { value: amountFen / 100, type: Number, format: '#,##0.00' };
}
