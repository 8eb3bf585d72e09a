/** The day as the own text files: one detail file a merchant, one summary. */
import { BusinessTime } from '../../ledger/business-time.ts';
import type { Institution } from '../../ledger/registry-kinds.ts';
import { maskPan } from '../../protocols/mask.ts';
import type { ClearingLine, MerchantDay } from './day.ts';
import {
  type ClearingFile,
  DETAIL_LAYOUT,
  formatClearingFile,
  parseClearingFile,
  SUMMARY_LAYOUT,
  sm3Of,
} from './file.ts';
import type { ClearingOutput } from './files/contents.ts';

export interface TextParts {
  institution: Institution;
  date: string;
  position: number;
  chainHash: string;
}

/** The detail file of each merchant, in the order of the days. */
export function detailFiles(days: readonly MerchantDay[], parts: TextParts): ClearingOutput[] {
  return days.map((day) => {
    const text = formatClearingFile(detailFile(day, parts));
    return output(`detail-${parts.date}-${day.merchant.id}.txt`, text, 'amountFen');
  });
}

/** The summary names each detail file and its hash. */
export function summaryFile(
  days: readonly MerchantDay[],
  details: readonly ClearingOutput[],
  { institution, date, position, chainHash }: TextParts,
): ClearingOutput {
  const lines = days.map((day, at) => {
    const { name, bytes } = details[at]!;
    const { merchant, grossFen, refundFen, feeFen, netFen } = day;
    const amounts = [day.lines.length, grossFen, refundFen, feeFen, netFen].map(String);
    return [merchant.id, merchant.nameZh, ...amounts, name, sm3Of(bytes.toString('utf8'))];
  });
  const head = [institution.id, institution.nameZh, date, '156'];
  const text = formatClearingFile({ layout: SUMMARY_LAYOUT, head, lines, position, chainHash });
  return output(`summary-${date}.txt`, text, 'netFen');
}

/** Read back before it is believed: a file that does not hold never gets as far as a disk. */
function output(name: string, text: string, totalColumn: string): ClearingOutput {
  const { records, totals } = parseClearingFile(text);
  return { name, bytes: Buffer.from(text, 'utf8'), records, totalFen: totals[totalColumn] ?? 0 };
}

function detailFile(
  day: MerchantDay,
  { institution, date, position, chainHash }: TextParts,
): ClearingFile {
  const time = new BusinessTime(institution);
  return {
    layout: DETAIL_LAYOUT,
    head: [institution.id, day.merchant.id, date, '156'],
    lines: day.lines.map((line, index) => detailLine(line, index + 1, time)),
    position,
    chainHash,
  };
}

function detailLine(line: ClearingLine, sequence: number, time: BusinessTime): string[] {
  return [
    String(sequence),
    referenceOf(line.reference),
    line.kind,
    time.localDateTime(Math.floor(line.timestampUs / 1_000)),
    line.terminalId,
    line.batchNumber,
    line.traceNumber,
    maskPan(line.cardNumber),
    String(line.amountFen),
    String(line.feeFen),
    String(line.amountFen - line.feeFen),
    line.originalPosition > 0 ? referenceOf(line.originalPosition) : '',
  ];
}

/** Field 37 of the answers: what terminals print on their slips. */
function referenceOf(position: number): string {
  return String(position).padStart(12, '0');
}
