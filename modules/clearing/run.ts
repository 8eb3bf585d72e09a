/**
 * Clearing a closed business day: what each merchant gets and pays, posted to the ledger as settlement
 * and pay-out entries, and written into files that say the same. Files that do not are not released.
 *
 * Running it again writes the same bytes and posts nothing twice.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hsm } from '../../hsm/types.ts';
import type { BusinessDayRange } from '../../ledger/business-day.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { Institution } from '../../ledger/registry-kinds.ts';
import type { EntryResult } from '../../ledger/types.ts';
import { differencesOf } from './check.ts';
import { type MerchantDay, merchantDays, unexplainedOf } from './day.ts';
import { earlierOf } from './earlier.ts';
import { camt053File } from './files/camt053.ts';
import { comFile } from './files/com.ts';
import { type ClearingOutput, sha256Of } from './files/contents.ts';
import { pain001File } from './files/pain001.ts';
import { tableFiles } from './files/tables.ts';
import { type Manifest, release } from './manifest.ts';
import { nettingRows } from './netting.ts';
import {
  type PayOut,
  type PostingParts,
  payOuts,
  planOf,
  postSettlement,
  tellUnexplained,
} from './postings.ts';
import { type SuspenseItem, suspenseItem, type Unexplained } from './suspense.ts';
import { detailFiles, summaryFile } from './texts.ts';

export interface ClearingRun {
  institution: Institution;
  /** YYYYMMDD, closed. */
  date: string;
  range: BusinessDayRange;
  reader: Reader;
  ledger: LedgerClient;
  hsm: Hsm;
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
  /** Of the released files; 0 when they were not released. */
  version: number;
  files: WrittenFile[];
  merchants: { id: string; name: string; count: number; netFen: number; feeFen: number }[];
  payOuts: PayOut[];
  /** File totals, settlement entries and the ledger's movements all say the same. */
  matchesLedger: boolean;
  /** Sentences, where they do not. */
  differences: string[];
  /** What no transaction explains and nobody has put into suspense yet. */
  unexplained: Unexplained[];
  /** In suspense: of this day, and carried forward from days before. */
  suspense: SuspenseItem[];
}

/** Clears the day. Throws ClearingFileError or an error of the disk; differences are in the result. */
export async function runClearing(run: ClearingRun): Promise<ClearingResult> {
  const { institution, date, range, reader, ledger, hsm } = run;
  const parts = { institution: institution.id, date, reader, ledger, hsm };
  const terms = await planOf(parts);
  const earlier = await earlierOf(range, parts);
  const days = merchantDays(institution.id, range, reader, terms, earlier);
  const chainHash = Buffer.from(reader.chainHashAt(range.to) ?? []).toString('hex');
  const place = { position: range.to, chainHash };
  const details = detailFiles(days, { institution, date, ...place });
  const all = unexplainedOf(days);
  if (all.length > 0) await tellUnexplained(all, parts);
  const own = all.flatMap(({ merchantId }) => {
    const item = suspenseItem(institution.id, date, merchantId, reader.registry);
    // Whether it was resolved since is no business of this day's files.
    return item === null ? [] : [{ date, merchantId, amountFen: item.amountFen, isOpen: true }];
  });
  const suspense = [...own, ...(terms.carried ?? [])];
  const settlements = await settle(days, details, parts);
  const decided = await payOuts(days, terms, parts);
  const { outputs, differences } = await outputsOf(run, {
    days,
    details,
    settlements,
    decided,
    place,
    suspense,
  });
  const isRight = differences.length === 0;
  const manifest = isRight ? await release(outputs, place, parts) : null;
  return {
    date,
    version: manifest?.version ?? 0,
    files: write(run, outputs, manifest),
    merchants: days.map(({ merchant, lines, netFen, feeFen }) => ({
      id: merchant.id,
      name: merchant.nameZh,
      count: lines.length,
      netFen,
      feeFen,
    })),
    payOuts: decided,
    matchesLedger: isRight,
    differences,
    unexplained: all.filter(
      ({ merchantId }) => !own.some((item) => item.merchantId === merchantId),
    ),
    suspense,
  };
}

async function settle(
  days: readonly MerchantDay[],
  details: readonly ClearingOutput[],
  parts: PostingParts,
): Promise<EntryResult[]> {
  const results: EntryResult[] = [];
  for (const [at, day] of days.entries()) {
    const { name, bytes } = details[at]!;
    results.push(await postSettlement(day, { name, sha256: sha256Of(bytes) }, parts));
  }
  return results;
}

interface DayResults {
  days: readonly MerchantDay[];
  details: readonly ClearingOutput[];
  settlements: readonly EntryResult[];
  decided: readonly PayOut[];
  place: { position: number; chainHash: string };
  suspense: readonly SuspenseItem[];
}

/** Every file of the day, and what does not agree in them. */
async function outputsOf(
  { institution, date, range, reader }: ClearingRun,
  { days, details, settlements, decided, place, suspense }: DayResults,
): Promise<{ outputs: ClearingOutput[]; differences: string[] }> {
  const netting = nettingRows(days);
  const summary = summaryFile(days, details, { institution, date, ...place });
  const instants = {
    fromInstant: instantAt(range.from + 1, reader),
    toInstant: instantAt(range.to, reader),
  };
  const pain001 = pain001File(date, institution, decided, instants.toInstant);
  const statements = days.map((day, at) =>
    camt053File({
      date,
      institution: institution.id,
      day,
      netting,
      payOut: decided[at]!,
      ...instants,
    }),
  );
  const differences = differencesOf({
    days,
    details,
    summary,
    netting,
    settlements,
    payOuts: decided,
    pain001,
    statements,
    suspense: suspense.filter((item) => item.date === date),
  });
  const outputs = [
    ...details,
    summary,
    ...days.map((day) => comFile(date, institution, day)),
    ...(await tableFiles(date, netting, decided, suspense)),
    ...(pain001 === null ? [] : [pain001]),
    ...statements,
  ];
  return { outputs, differences };
}

/** Files that are not to be released lie where nobody picks them up. */
function write(
  { directory, date }: ClearingRun,
  outputs: readonly ClearingOutput[],
  manifest: Manifest | null,
): WrittenFile[] {
  const folder = join(directory, manifest === null ? `${date}-refused` : date);
  mkdirSync(folder, { recursive: true });
  const written = outputs.map(({ name, bytes, records, totalFen }) => {
    const path = join(folder, name);
    writeWhole(path, bytes);
    return { path, sha256: sha256Of(bytes), records, totalFen };
  });
  if (manifest !== null) {
    // Last: whoever sees the manifest finds every file that it names.
    const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    writeWhole(join(folder, manifestName(date)), text);
  }
  return written;
}

export function manifestName(date: string): string {
  return `manifest-${date}.json`;
}

/** Written beside its place and moved there: a file is never half there. */
function writeWhole(path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.part`, bytes, { flush: true });
  renameSync(`${path}.part`, path);
}

function instantAt(position: number, reader: Reader): string {
  const timestampUs = reader.record(position)?.timestampUs ?? 0;
  return `${new Date(Math.floor(timestampUs / 1_000)).toISOString().slice(0, 19)}Z`;
}
