/** Resolving what was asked of a host: one result record, whoever comes with the answer first. */
import { entryFromJson, entryToJson } from '../../ledger/record-json.ts';
import { RACE_STATUSES } from '../../ledger/status.ts';
import type { Entry, EntryResult, JournalRecord, TransactionFact } from '../../ledger/types.ts';
import {
  type Asked,
  EXTRA,
  type LedgerAndReader,
  refusedResultId,
  releaseOf,
  resultId,
} from './asked.ts';
import type { Step } from './split-plan.ts';
import type { Verdict } from './verdict.ts';

/** An approval whose plan is overtaken by another transaction is planned again so often. */
const ATTEMPTS_MAX = 3;

/**
 * Records the verdict. `approval` gives what an approval does; it is asked again when another
 * transaction changed what it was planned from. Null: the transaction was reversed meanwhile.
 *
 * A host that approved what the ledger then refuses (a hold that ended in between) is told to undo it.
 */
export async function settle(
  asked: Asked,
  verdict: Verdict,
  approval: () => Promise<Step>,
  services: LedgerAndReader,
): Promise<JournalRecord | null> {
  const id = resultId(asked.record.entry.id);
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const step = verdict.approved ? await approval() : releaseOf(asked);
    const entry = entryOf(asked, id, verdict, step);
    const result = await services.ledger.submit(entry);
    if (RACE_STATUSES.has(result.status)) continue;
    if (result.status === 'applied') return recordOf(entry, result);
    if (result.status === 'blocked') return null;
    if (result.status.startsWith('exists')) return stored(result.position, services);
    return settleRefused(asked, verdict, result.status, services);
  }
  return settleRefused(asked, verdict, 'raced-too-often', services);
}

/** Under an id of its own, because the refused result has used up the first one. */
async function settleRefused(
  asked: Asked,
  verdict: Verdict,
  status: string,
  services: LedgerAndReader,
): Promise<JournalRecord | null> {
  const rule = `ledger-refused-${status.replaceAll('_', '-')}`;
  const undo: Verdict = verdict.approved
    ? { ...verdict, approved: false, responseCode: '96', rule, undoAtHost: true }
    : verdict;
  const id = refusedResultId(asked.record.entry.id);
  for (const step of [releaseOf(asked), {}]) {
    const entry = entryOf(asked, id, undo, step);
    const result = await services.ledger.submit(entry, { dryRun: true });
    if (result.status !== 'applied' && !result.status.startsWith('exists')) continue;
    const recorded = await services.ledger.submit(entry);
    if (recorded.status === 'applied') return recordOf(entry, recorded);
    return stored(recorded.position, services);
  }
  throw new Error(`position ${asked.position}: its result cannot be recorded (${status})`);
}

function entryOf(asked: Asked, id: Entry['id'], verdict: Verdict, step: Step): Entry {
  const { institution } = asked.record.entry;
  return { id, institution, ...step, fact: { transaction: resultFact(asked, verdict) } };
}

/** The transaction as the followers of the journal see it: one record with everything, approved or not. */
function resultFact({ fact, host, position }: Asked, verdict: Verdict): TransactionFact {
  const { [EXTRA.sort]: _sort, [EXTRA.approval]: _approval, ...kept } = fact.extra ?? {};
  const extra: Record<string, string> = { ...kept, [EXTRA.host]: host };
  extra[EXTRA.asked] = String(position);
  if (verdict.hostCode !== undefined) extra[EXTRA.hostCode] = verdict.hostCode;
  if (verdict.answer !== undefined) extra[EXTRA.answer] = JSON.stringify(verdict.answer);
  if (verdict.undoAtHost) {
    extra[EXTRA.forward] = 'reversal';
    extra[EXTRA.forwardOf] = String(position);
  }
  const { responseCode, rule } = verdict;
  return { ...fact, responseCode, rule, extra };
}

/** What approving it does, as the asked record of a repeatable transaction keeps it. */
export function approvalText(step: Step, base: Entry): string {
  const { id, institution } = base;
  return JSON.stringify(entryToJson({ id, institution, ...step }));
}

export function approvalOf({ fact, position }: Asked): Step {
  const text = fact.extra?.[EXTRA.approval];
  if (text === undefined) throw new Error(`position ${position} does not say what approves it`);
  const { id: _, institution: _of, ...step } = entryFromJson(JSON.parse(text));
  return step;
}

function recordOf(entry: Entry, result: EntryResult): JournalRecord {
  const { recorded: _, ...rest } = result;
  return { ...rest, entry };
}

function stored(position: number, { reader }: LedgerAndReader): JournalRecord {
  const record = reader.record(position);
  if (record === null) throw new Error(`position ${position} holds an id but no record`);
  return record;
}
