/** What the module writes into the journal, as JSON payloads of facts; and the ids under which. */
import { idOf, idToHex } from '../../../ledger/id.ts';
import type { Entry, Id, JournalRecord, ModuleFact } from '../../../ledger/types.ts';
import type { FileFacts } from '../reader/read-side.ts';
import type { Difference, DifferenceCode } from '../record.ts';
import type { ReconciliationResult } from '../result.ts';

export const MODULE_NAME = 'reconciliation';

/** A run of a flow for a date, and what came of it. Its differences were written before it. */
export interface RunFact {
  institution: string;
  flow: string;
  layer: string;
  source: string;
  /** YYYYMMDD. */
  date: string;
  /** Which scheduled time it served, or who asked. */
  slot: string;
  /** Of the same inputs always the same. */
  runId: string;
  outcome: 'done' | 'refused' | 'missing';
  /** Why not done: the sentence of the refusal. */
  reason?: string;
  matched: number;
  counts: Partial<Record<DifferenceCode, number>>;
  totals?: ReconciliationResult['totals'];
  files?: { ours: FileFacts; theirs: FileFacts };
  /** How many `differences` facts belong to it. */
  parts: number;
  /** Business days that one-sided differences wait for the other side. */
  bufferDays: number;
  /** Money that the channel has too much of is proposed for refund when the buffer has passed. */
  proposesRefunds: boolean;
}

export interface DifferencesFact {
  runId: string;
  part: number;
  items: Difference[];
}

/** Asks for a run outside of the schedule. */
export interface RequestFact {
  institution: string;
  flow: string;
  date: string;
  by: string;
}

export type AdjustmentAction =
  /** Into suspense until it is known what it is. */
  | 'suspend'
  /** Money that is ours to give back: to the account that paid. */
  | 'refund'
  /** A payment that we did not book: to its merchant. */
  | 'book-late'
  /** Money that the channel owed and has paid. */
  | 'recovered'
  /** Money that nobody will pay. */
  | 'write-off'
  /** The channel's fee was another one than ours. */
  | 'fee'
  /** Explained; no money moves. */
  | 'close';

export interface FactPayloads {
  run: RunFact;
  differences: DifferencesFact;
  requested: RequestFact;
}

export type FactKind = keyof FactPayloads;

/** An entry that says so, and nothing else. */
export function factEntry<Kind extends FactKind>(
  id: Id,
  institution: string,
  kind: Kind,
  key: string,
  payload: FactPayloads[Kind],
): Entry {
  const module: ModuleFact = {
    module: MODULE_NAME,
    kind,
    key,
    payload: Buffer.from(JSON.stringify(payload)),
  };
  return { id, institution, fact: { module } };
}

/** The fact of an applied record of this module, or null. */
export function factOf(
  record: JournalRecord,
): { [Kind in FactKind]: { kind: Kind; payload: FactPayloads[Kind] } }[FactKind] | null {
  const module = record.entry.fact?.module;
  if (record.status !== 'applied' || module?.module !== MODULE_NAME) return null;
  const payload = JSON.parse(Buffer.from(module.payload ?? []).toString('utf8'));
  return { kind: module.kind as FactKind, payload } as ReturnType<typeof factOf>;
}

export function runEntryId(flow: string, date: string, slot: string, runId: string): Id {
  return idOf('reconciliation-run', flow, date, slot, runId);
}

export function partEntryId(runId: string, part: number): Id {
  return idOf('reconciliation-part', runId, String(part));
}

/** Names a difference: the same one in every run that finds it. `ordinal` counts equal ones. */
export function differenceId(
  flow: string,
  date: string,
  item: Difference,
  ordinal: number,
): string {
  const { code, type, orderId, refundId = '', channelId = '' } = item;
  return idToHex(
    idOf('difference', flow, date, type, code, orderId, refundId, channelId, String(ordinal)),
  ).slice(0, 20);
}
