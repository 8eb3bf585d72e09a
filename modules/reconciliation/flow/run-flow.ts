/** Runs a flow for a date and puts what came of it into the journal. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerClient } from '../../../ledger/client.ts';
import type { Reader } from '../../../ledger/reader.ts';
import type { Institution } from '../../../ledger/registry-kinds.ts';
import type { Entry } from '../../../ledger/types.ts';
import { isBusinessDay, writeJournalSide, writeSettlements } from '../journal-side.ts';
import { factEntry, partEntryId, type RunFact, runEntryId } from '../life/facts.ts';
import { reconcile } from '../reconcile.ts';
import { BillRefused } from '../record.ts';
import { differencesCsv } from '../report/csv.ts';
import { htmlReport } from '../report/html.ts';
import { differencesXlsx } from '../report/xlsx.ts';
import type { Reconciliation } from '../result.ts';
import type { BillSource } from '../source.ts';
import { sourceOfFile } from '../source-file.ts';
import { sourceNamed } from '../sources/index.ts';
import { type Flow, fileOf } from './flow.ts';

export interface RunParts {
  reader: Reader;
  ledger: LedgerClient;
  /** Reports and progress lie under it. */
  dataDir: string;
  progress: (share: number) => void;
}

/** Differences in one fact: a record of the journal stays small. */
const ITEMS_PER_PART = 200;

/** What the run of a slot said; the entry is in the journal when it resolves. */
export async function runFlow(
  flow: Flow,
  slot: { name: string; date: string },
  parts: RunParts,
): Promise<RunFact> {
  const institution = parts.reader.registry.get('institution', flow.institution)?.value;
  if (institution === undefined) throw new Error(`flow ${flow.name}: no such institution`);
  const bill = fileOf(flow.folder, flow.fileName, slot.date);
  if (bill === null) return submitRun(failed(flow, slot, 'missing', 'the bill is missing'), parts);
  const folder = mkdtempSync(join(tmpdir(), 'posp-ours-'));
  try {
    const against = ownSide(flow, slot.date, institution, folder, parts.reader);
    if (against === null) {
      return await submitRun(failed(flow, slot, 'missing', 'our side is missing'), parts);
    }
    const source = sourceOfFlow(flow);
    const { progress } = parts;
    const done = await reconcile({
      source,
      file: bill,
      against,
      day: Number(slot.date),
      progress,
    });
    await writeReports(done, flow, slot.date, parts.dataDir);
    return await submitDone(flow, slot, done, parts);
  } catch (error) {
    if (!(error instanceof BillRefused)) throw error;
    return await submitRun(failed(flow, slot, 'refused', error.message), parts);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function sourceOfFlow({ source }: Flow): BillSource {
  return sourceNamed(source) ?? sourceOfFile(source);
}

function ownSide(
  flow: Flow,
  date: string,
  institution: Institution,
  folder: string,
  reader: Reader,
): string | null {
  if (typeof flow.ours === 'object') return fileOf(flow.ours.folder, flow.ours.fileName, date);
  if (!isBusinessDay(institution.id, date, reader)) return null;
  const path = join(folder, `${flow.ours}-${date}.ndjson`);
  const { source, channel, merchant } = flow;
  const only = {
    ...(channel === undefined ? {} : { channel }),
    ...(merchant === undefined ? {} : { merchant }),
  };
  const side = { reader, institution, date, source, ...only };
  if (flow.ours === 'settlements') writeSettlements(path, side);
  else writeJournalSide(path, side);
  return path;
}

function fixedPart(flow: Flow, slot: { name: string; date: string }) {
  const { name, layer, source, institution, bufferDays, proposesRefunds } = flow;
  const place = { institution, flow: name, layer, source, date: slot.date, slot: slot.name };
  return { ...place, bufferDays, proposesRefunds };
}

function failed(
  flow: Flow,
  slot: { name: string; date: string },
  outcome: 'missing' | 'refused',
  reason: string,
): RunFact {
  const runId = createHash('sha256')
    .update(JSON.stringify([flow.name, slot.date, reason]))
    .digest('hex');
  const none = { matched: 0, counts: { FILE: 1 }, parts: 0 };
  return { ...fixedPart(flow, slot), runId, outcome, reason, ...none };
}

async function submitDone(
  flow: Flow,
  slot: { name: string; date: string },
  { result, runId, files }: Reconciliation,
  parts: RunParts,
): Promise<RunFact> {
  const { differences, matched, counts, totals } = result;
  const count = Math.ceil(differences.length / ITEMS_PER_PART);
  for (let part = 0; part < count; part++) {
    const items = differences.slice(part * ITEMS_PER_PART, (part + 1) * ITEMS_PER_PART);
    const key = `${runId}/${part}`;
    const payload = { runId, part, items };
    const id = partEntryId(runId, part);
    await submit(factEntry(id, flow.institution, 'differences', key, payload), parts.ledger);
  }
  const fact: RunFact = {
    ...fixedPart(flow, slot),
    runId,
    outcome: 'done',
    matched,
    counts,
    totals,
    files,
    parts: count,
  };
  return submitRun(fact, parts);
}

async function submitRun(fact: RunFact, { ledger }: RunParts): Promise<RunFact> {
  const { flow, date, slot, runId, institution } = fact;
  const id = runEntryId(flow, date, slot, runId);
  await submit(factEntry(id, institution, 'run', `${flow}/${date}`, fact), ledger);
  return fact;
}

async function submit(entry: Entry, ledger: LedgerClient): Promise<void> {
  const { status } = await ledger.submit(entry);
  if (status !== 'applied' && status !== 'exists') {
    throw new Error(`the journal refused a reconciliation record: ${status}`);
  }
}

/** Where the reports of a run lie. */
export function reportPath(dataDir: string, flow: string, date: string, runId: string): string {
  return join(dataDir, 'reconciliation', date, `${flow}-${runId.slice(0, 12)}`);
}

async function writeReports(
  done: Reconciliation,
  flow: Flow,
  date: string,
  dataDir: string,
): Promise<void> {
  const path = reportPath(dataDir, flow.name, date, done.runId);
  mkdirSync(join(dataDir, 'reconciliation', date), { recursive: true });
  write(`${path}.html`, htmlReport(done));
  write(`${path}.csv`, differencesCsv(done.result));
  write(`${path}.xlsx`, await differencesXlsx(done.result));
}

/** Written beside its place and moved there whole. */
function write(path: string, content: string | Buffer): void {
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}
