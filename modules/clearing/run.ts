/**
 * Clearing a closed business day: what each merchant gets and pays, posted to the ledger as
 * settlement entries, and written into files that say the same.
 *
 * Running it again writes the same bytes and posts nothing twice.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BusinessDayRange } from '../../ledger/business-day.ts';
import { BusinessTime } from '../../ledger/business-time.ts';
import { accountId, TransferCode, YUAN_LEDGER } from '../../ledger/chart-of-accounts.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { Institution } from '../../ledger/registry-kinds.ts';
import type { Id, TransferInput } from '../../ledger/types.ts';
import { maskPan } from '../../protocols/mask.ts';
import { type ClearingLine, type MerchantDay, merchantDays } from './day.ts';
import {
  type ClearingFile,
  DETAIL_LAYOUT,
  formatClearingFile,
  parseClearingFile,
  SUMMARY_LAYOUT,
  sm3Of,
} from './file.ts';

export interface ClearingRun {
  institution: Institution;
  /** YYYYMMDD, closed. */
  date: string;
  range: BusinessDayRange;
  reader: Reader;
  ledger: LedgerClient;
  directory: string;
}

export interface WrittenFile {
  path: string;
  sha256: string;
  records: number;
  totalFen: number;
}

export interface ClearingResult {
  date: string;
  files: WrittenFile[];
  merchants: { id: string; name: string; count: number; netFen: number; feeFen: number }[];
  /** File totals, settlement entries and the ledger's movements all say the same. */
  matchesLedger: boolean;
  /** Sentences, where they do not. */
  differences: string[];
}

/** Clears the day. Throws ClearingFileError or an error of the disk; differences are in the result. */
export async function runClearing(run: ClearingRun): Promise<ClearingResult> {
  const { institution, date, range, reader } = run;
  const days = merchantDays(institution.id, range, reader);
  const chainHash = Buffer.from(reader.chainHashAt(range.to) ?? []).toString('hex');
  const differences = days.flatMap(differencesOf);
  const files: WrittenFile[] = [];
  const summary: string[][] = [];
  mkdirSync(join(run.directory, date), { recursive: true });
  for (const day of days) {
    const name = `detail-${date}-${day.merchant.id}.txt`;
    const text = formatClearingFile(detailFile(run, day, chainHash));
    const written = write(run, name, text, 'amountFen');
    if (written.totalFen !== day.ledgerMovementFen) {
      differences.push(
        `${name}: ${written.totalFen} fen, the ledger moved ${day.ledgerMovementFen}`,
      );
    }
    files.push(written);
    summary.push(summaryLine(day, name, sm3Of(text)));
    await postSettlement(run, day, written, differences);
  }
  const head = [institution.id, institution.nameZh, date, '156'];
  const summaryText = formatClearingFile({
    layout: SUMMARY_LAYOUT,
    head,
    lines: summary,
    position: range.to,
    chainHash,
  });
  files.push(write(run, `summary-${date}.txt`, summaryText, 'netFen'));
  const merchants = days.map(({ merchant, lines, netFen, feeFen }) => ({
    id: merchant.id,
    name: merchant.nameZh,
    count: lines.length,
    netFen,
    feeFen,
  }));
  return { date, files, merchants, matchesLedger: differences.length === 0, differences };
}

function differencesOf(day: MerchantDay): string[] {
  const factsFen = day.grossFen - day.refundFen;
  if (factsFen === day.ledgerMovementFen) return [];
  return [
    `${day.merchant.id}: transactions say ${factsFen} fen, the ledger moved ${day.ledgerMovementFen}`,
  ];
}

function detailFile(run: ClearingRun, day: MerchantDay, chainHash: string): ClearingFile {
  const time = new BusinessTime(run.institution);
  return {
    layout: DETAIL_LAYOUT,
    head: [run.institution.id, day.merchant.id, run.date, '156'],
    lines: day.lines.map((line, index) => detailLine(line, index + 1, time)),
    position: run.range.to,
    chainHash,
  };
}

function detailLine(line: ClearingLine, sequence: number, time: BusinessTime): string[] {
  return [
    String(sequence),
    referenceOf(line.position),
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

function summaryLine(day: MerchantDay, file: string, sm3: string): string[] {
  const { merchant, lines, grossFen, refundFen, feeFen, netFen } = day;
  const amounts = [lines.length, grossFen, refundFen, feeFen, netFen].map(String);
  return [merchant.id, merchant.nameZh, ...amounts, file, sm3];
}

/** Written beside its place and moved there whole, then read back: a file is never half there. */
function write(run: ClearingRun, name: string, text: string, totalColumn: string): WrittenFile {
  const path = join(run.directory, run.date, name);
  writeFileSync(`${path}.part`, text, { flush: true });
  renameSync(`${path}.part`, path);
  const { records, totals } = parseClearingFile(text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { path, sha256, records, totalFen: totals[totalColumn] ?? 0 };
}

/** Fee to the fee income, the rest to what is on its way to the merchant's bank. */
async function postSettlement(
  run: ClearingRun,
  day: MerchantDay,
  file: WrittenFile,
  differences: string[],
): Promise<void> {
  const { institution, date } = run;
  const merchant = day.merchant.accountId;
  const transfers = [
    ...move(merchant, accountId('fee-income', institution.id), day.feeFen, TransferCode.fee),
    ...move(merchant, accountId('settlement', institution.id), day.netFen, TransferCode.settlement),
  ];
  const { status } = await run.ledger.submit({
    id: idOf('settlement', institution.id, date, day.merchant.id),
    institution: institution.id,
    transfers,
    fact: {
      settlementPosted: {
        date,
        merchantId: day.merchant.id,
        grossFen: day.grossFen,
        refundFen: day.refundFen,
        feeFen: day.feeFen,
        netFen: day.netFen,
        count: day.lines.length,
        fileName: `detail-${date}-${day.merchant.id}.txt`,
        fileSha256: Buffer.from(file.sha256, 'hex'),
      },
    },
  });
  if (status !== 'applied' && status !== 'exists') {
    differences.push(`${day.merchant.id}: the settlement entry was refused (${status})`);
  }
}

/** One transfer, turned round for a negative amount; none for nothing. */
function move(from: Id, to: Id, amountFen: number, code: number): TransferInput[] {
  if (amountFen === 0) return [];
  const [debitAccount, creditAccount] = amountFen > 0 ? [from, to] : [to, from];
  return [
    { debitAccount, creditAccount, amountFen: Math.abs(amountFen), ledger: YUAN_LEDGER, code },
  ];
}
