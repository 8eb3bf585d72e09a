/** Reports as XLSX and as a page. */
import type { SheetData } from 'write-excel-file/node';
import { yuanText } from '../bill/amount.ts';
import { escapeText } from '../bill/xml-writer.ts';
import type { Column, Report, Row } from './report.ts';

export async function reportXlsx(report: Report): Promise<Buffer> {
  const { columns, rows, totals, title, scope } = report;
  const sheet: SheetData = [
    [{ value: `${title}　${scope}`, fontWeight: 'bold' }],
    columns.map(({ zh }) => ({ value: zh, fontWeight: 'bold' as const })),
    ...[...rows, totals].map((row) => columns.map((column) => cell(column, row))),
  ];
  const widths = columns.map(({ kind }) => ({ width: kind === 'text' ? 18 : 14 }));
  const { default: writeXlsxFile } = await import('write-excel-file/node');
  return await writeXlsxFile(sheet, { columns: widths, sheet: title }).toBuffer();
}

function cell({ key, kind }: Column, row: Row) {
  const value = row[key];
  if (value === undefined || value === '') return null;
  if (kind === 'fen')
    return { value: Number(value) / 100, type: Number, format: '#,##0.00' } as const;
  if (kind === 'count' && typeof value === 'number') return { value, type: Number } as const;
  return { value: String(value), type: String } as const;
}

/** Wide tables scroll on a screen, and lie across a sheet of paper. */
const STYLE =
  'body{font:14px/1.4 system-ui,"Noto Sans SC",sans-serif;margin:1rem;color:#222}h1{font-size:1.3rem}' +
  'table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.25rem .5rem;white-space:nowrap}' +
  'th{background:#f0f0f0}td.n{text-align:right}tr:last-child{font-weight:700}div{overflow-x:auto}' +
  '@media print{@page{size:A4 landscape;margin:8mm}body{font-size:9px;margin:0}td,th{white-space:normal}}';

export function reportHtml(report: Report): string {
  const { columns, rows, totals, title, scope } = report;
  const head = columns.map(({ zh }) => `<th>${escapeText(zh)}</th>`).join('');
  const body = [...rows, totals]
    .map((row) => `<tr>${columns.map((column) => htmlCell(column, row)).join('')}</tr>`)
    .join('');
  return (
    `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>${escapeText(title)}</title>` +
    `<style>${STYLE}</style></head>` +
    `<body><h1>${escapeText(title)}</h1><p>${escapeText(scope)}</p>` +
    `<div><table><tr>${head}</tr>${body}</table></div></body></html>`
  );
}

function htmlCell({ key, kind }: Column, row: Row): string {
  const value = row[key] ?? '';
  const number = kind !== 'text';
  const shown = kind === 'fen' && value !== '' ? yuanText(Number(value)) : String(value);
  return `<td${number ? ' class="n"' : ''}>${escapeText(shown)}</td>`;
}
