import { ProtocolError } from '../error.ts';
import { writeDelimitedLine } from './delimited.ts';
import { writeFixedLine } from './fixed.ts';
import type { LineLayout, RecordFile, RecordLayout, RecordRow } from './layout.ts';
import { bytesOf } from './text-encoding.ts';
import { checkTotals, Totals } from './totals.ts';
import { writeJson, writeXml } from './tree.ts';

/**
 * Writes a whole file. Totals in header and trailer are filled in where they are not given, and
 * must be right where they are. Throws ProtocolError `bad-record`.
 */
export function writeRecords(layout: RecordLayout, given: RecordFile): Buffer {
  const { format } = layout;
  const totals = new Totals(layout);
  for (const row of given.details) totals.add(row);
  const file = {
    header: withTotals(layout, 'header', given.header, totals),
    details: given.details,
    trailer: withTotals(layout, 'trailer', given.trailer, totals),
  };
  checkTotals(layout, file, totals);
  if (format.kind === 'json') return bytesOf(layout, writeJson(layout, format.records, file), 1);
  if (format.kind === 'xml') return bytesOf(layout, writeXml(layout, format.records, file), 1);
  const lines: Buffer[] = [];
  const lineEnd = Buffer.from(layout.lineEnd ?? '\n', 'latin1');
  const add = (line: LineLayout, row: RecordRow): void => {
    lines.push(writeLine(layout, line, row, lines.length / 2 + 1), lineEnd);
  };
  if (layout.header !== undefined) add(layout.header, file.header ?? {});
  if (format.kind === 'delimited' && format.named === true) {
    const names = layout.detail.columns.map((column) => column.title ?? column.id);
    lines.push(bytesOf(layout, names.join(format.separator), lines.length / 2 + 1), lineEnd);
  }
  for (const row of file.details) add(layout.detail, row);
  if (layout.trailer !== undefined) add(layout.trailer, file.trailer ?? {});
  return Buffer.concat(lines);
}

/** One line without its end, for files that are written as they grow. */
export function writeLine(
  layout: RecordLayout,
  line: LineLayout,
  row: RecordRow,
  number: number,
): Buffer {
  const { format } = layout;
  if (format.kind === 'fixed') return writeFixedLine(layout, format, line, row, number);
  if (format.kind === 'delimited') {
    return bytesOf(layout, writeDelimitedLine(format, line, row, number), number);
  }
  throw new ProtocolError('bad-dialect', `layout ${layout.name} has no lines`);
}

function withTotals(
  layout: RecordLayout,
  at: 'header' | 'trailer',
  row: RecordRow | null,
  totals: Totals,
): RecordRow | null {
  const line = at === 'header' ? layout.header : layout.trailer;
  if (line === undefined) return null;
  const filled: Record<string, string | number | null> = { ...row };
  for (const check of layout.checks ?? []) {
    if (check.at !== at) continue;
    filled[check.column] ??=
      check.is === 'count' ? totals.count : (totals.sums.get(check.is.sumOf) ?? 0);
  }
  return filled;
}
