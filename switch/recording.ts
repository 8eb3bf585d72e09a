/**
 * The one way in: a planned or refused request becomes a ledger entry, and what the ledger says
 * becomes what the terminal is told. A repeat gets the answer of the record that it repeats.
 */
import { randomBytes } from 'node:crypto';
import { RACE_STATUSES } from '../ledger/status.ts';
import type {
  Entry,
  EntryResult,
  EntryStatus,
  Fact,
  JournalRecord,
  RegistryChange,
  TransactionFact,
} from '../ledger/types.ts';
import type { FieldValues } from '../protocols/iso8583/message.ts';
import { type LimitMoves, limitMoves, refusalOfLimit } from './controls/limits.ts';
import { Refusal } from './refusal.ts';
import { askedOf, EXTRA } from './routed/asked.ts';
import { outcomeOfAsked } from './routed/outcome.ts';
import type { Services } from './services.ts';
import type { Outcome, Plan, RecordedRow, Request, UnrecordedRow } from './transactions/row.ts';

/** What the ledger's refusals mean to a terminal, unless the row says otherwise. */
const LEDGER_REFUSALS: Partial<Record<EntryStatus, { responseCode: string; rule: string }>> = {
  exceeds_credits: { responseCode: '51', rule: 'balance-too-low' },
  debit_account_frozen: { responseCode: '62', rule: 'account-frozen' },
  credit_account_frozen: { responseCode: '62', rule: 'account-frozen' },
  debit_account_already_closed: { responseCode: '62', rule: 'account-closed' },
  credit_account_already_closed: { responseCode: '62', rule: 'account-closed' },
  blocked: { responseCode: '22', rule: 'reversed-before-arrival' },
};

/** Two workers may act on one thing at once; the plan of the later one is made again. */
const ATTEMPTS_MAX = 5;

/**
 * Plans, records and answers. A refusal by a check is recorded too, so that a repeat of the request
 * is refused the same way.
 */
export async function recordRequest(
  request: Request,
  row: RecordedRow,
  refused: Refusal | null,
  wireHash: Uint8Array,
  services: Services,
): Promise<Outcome> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    request.changes = undefined;
    const plan = refused ?? (await planOrRefusal(request, row, services));
    const entry = entryOf(request, plan, wireHash);
    const result = await services.ledger.submit(entry);
    if (isRace(result.status)) {
      lookAgain(request, services);
      continue;
    }
    const forwards = entry.fact?.transaction?.extra?.[EXTRA.forward] !== undefined;
    if (forwards && result.status === 'applied') services.hosts.gateway.forward(result.position);
    return outcomeOfSubmitted(request, row, entry, result, services);
  }
  throw new Refusal('96', 'raced-too-often');
}

/** Somebody else changed what was planned with: the plan is made again with the terminal as it is now. */
function lookAgain(request: Request, { reader }: Services): void {
  const terminal = reader.registry.get('terminal', request.terminalId);
  if (terminal !== null) request.terminal = terminal;
}

/**
 * Answers a request that leaves no record of its own. What a check found to change (a wrong PIN counted
 * or forgotten) is recorded all the same; when another change came between, the checks look again.
 */
export async function performUnrecorded(
  request: Request,
  row: UnrecordedRow,
  services: Services,
): Promise<FieldValues> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    request.changes = undefined;
    const done = await performOrRefusal(request, row, services);
    const registry = done instanceof Refusal ? done.registry : request.changes;
    if (registry === undefined || (await recordChanges(request, registry, services))) {
      if (done instanceof Refusal) throw done;
      return done;
    }
  }
  throw new Refusal('96', 'raced-too-often');
}

async function performOrRefusal(
  request: Request,
  row: UnrecordedRow,
  services: Services,
): Promise<FieldValues | Refusal> {
  try {
    return await row.perform(request, services);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** False when the item had changed meanwhile. */
async function recordChanges(
  { terminal }: Request,
  registry: RegistryChange[],
  { ledger }: Services,
): Promise<boolean> {
  const { institution } = terminal.value;
  const { status } = await ledger.submit({ id: randomBytes(16), institution, registry });
  if (status !== 'applied' && !RACE_STATUSES.has(status)) throw new Error(`changes: ${status}`);
  return status === 'applied';
}

/** What a journal record tells the terminal: the same every time it is asked. */
export function outcomeOfRecord(
  record: JournalRecord,
  row: RecordedRow,
  request: Request,
): Outcome {
  const { responseCode, rule } = decisionOf(record, row);
  const { position, timestampUs, businessDate } = record;
  const outcome: Outcome = { responseCode, rule, position, timestampUs, businessDate };
  if (responseCode === '00' && row.answerFields !== undefined) {
    outcome.set = row.answerFields(record, request);
  }
  return outcome;
}

export async function planOrRefusal(
  request: Request,
  row: RecordedRow,
  services: Services,
): Promise<Plan | Refusal> {
  try {
    const plan = await row.plan(request, services);
    // Reports keep a fact of their own, which has no place for limits.
    if (!services.controls.any || plan.fact !== undefined) return plan;
    return withLimits(plan, await limitMoves(request, services));
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** The limits' tallies come last: that is how a refusal finds the limit that it met. */
function withLimits(plan: Plan, limits: LimitMoves | null): Plan {
  if (limits === null) return plan;
  return {
    ...plan,
    tallies: [...(plan.tallies ?? []), ...limits.tallies],
    extra: { ...plan.extra, ...limits.extra },
  };
}

/** Written out field by field: this runs for every transaction, and spreading objects costs more than the rest. */
export function entryOf(request: Request, plan: Plan | Refusal, wireHash: Uint8Array): Entry {
  const entry: Entry = {
    id: request.entryId,
    institution: request.terminal.value.institution,
    wireHash,
  };
  if (plan instanceof Refusal) {
    const fact = factOf(request, plan.responseCode, plan.rule, 0);
    if (request.noted !== undefined) fact.extra = request.noted;
    entry.fact = { transaction: fact };
    if (plan.registry !== undefined) entry.registry = plan.registry;
    return entry;
  }
  if (plan.accounts !== undefined) entry.accounts = plan.accounts;
  if (plan.transfers !== undefined) entry.transfers = plan.transfers;
  if (plan.tallies !== undefined) entry.tallies = plan.tallies;
  if (plan.registry !== undefined) entry.registry = plan.registry;
  if (plan.blocks !== undefined) entry.blocks = plan.blocks;
  if (request.changes !== undefined) {
    entry.registry = [...(entry.registry ?? []), ...request.changes];
  }
  entry.fact = plan.fact ?? { transaction: approvedFact(request, plan) };
  return entry;
}

function approvedFact(request: Request, plan: Plan): TransactionFact {
  const { responseCode = '00', rule = '', originalPosition = 0 } = plan;
  const fact = factOf(request, responseCode, rule, originalPosition);
  const extra = request.noted === undefined ? plan.extra : { ...request.noted, ...plan.extra };
  if (extra !== undefined) fact.extra = extra;
  return fact;
}

function factOf(
  request: Request,
  responseCode: string,
  rule: string,
  originalPosition: number,
): TransactionFact {
  const { message, row, field60 } = request;
  return {
    kind: row.kind,
    merchantId: request.merchantId,
    terminalId: request.terminalId,
    batchNumber: field60.batchNumber,
    traceNumber: request.traceNumber,
    cardNumber: request.card?.value.number ?? '',
    amountFen: request.amountFen,
    currency: message.get(49) ?? '',
    responseCode,
    rule,
    originalPosition,
    entryMode: message.get(22) ?? '',
    processingCode: message.get(3) ?? '',
    messageType: message.mti,
    listener: request.listener,
  };
}

/** What looked right when it was planned is not any more: it has to be planned again. */
export function isRace(status: EntryStatus): boolean {
  return RACE_STATUSES.has(status);
}

/** What the ledger's answer means to the terminal; a repeat is told what the first request was told. */
export function outcomeOfSubmitted(
  request: Request,
  row: RecordedRow,
  entry: Entry,
  result: EntryResult,
  services: Services,
): Outcome | Promise<Outcome> {
  const { status } = result;
  if (!isKnownId(status)) return outcomeOfRecord(recordOf(result, entry), row, request);
  const stored = services.reader.record(result.position);
  if (stored === null) throw new Error(`position ${result.position} holds an id but no record`);
  if (!isSameRequest(stored.entry, entry)) {
    throw new Refusal('94', 'trace-number-used-for-another-request');
  }
  const asked = askedOf(stored);
  if (asked === null) return outcomeOfRecord(stored, row, request);
  return outcomeOfAsked(asked, services, (record) => outcomeOfRecord(record, row, request));
}

/** The request's id was in the journal already, whatever became of it. */
function isKnownId(status: EntryStatus): boolean {
  return status.startsWith('exists') || status === 'id_already_failed';
}

/** The record as the journal holds it now, without reading it back. */
export function recordOf(result: EntryResult, entry: Entry): JournalRecord {
  const { status, position, timestampUs, businessDate, outcomes, tallies } = result;
  const record: JournalRecord = {
    status,
    position,
    timestampUs,
    businessDate,
    outcomes,
    tallies,
    entry,
  };
  if (result.failedIndex !== undefined) record.failedIndex = result.failedIndex;
  return record;
}

/** The same bytes, or at least the same transaction: a repeat may carry a new PIN block or MAC. */
function isSameRequest(stored: Entry, repeated: Entry): boolean {
  if (stored.wireHash && repeated.wireHash) {
    if (Buffer.compare(stored.wireHash, repeated.wireHash) === 0) return true;
  }
  const [before, now] = [stored.fact?.transaction, repeated.fact?.transaction];
  if (before === undefined || now === undefined) return isSameReport(stored.fact, repeated.fact);
  const sameCard = !before.cardNumber || !now.cardNumber || before.cardNumber === now.cardNumber;
  // A record that was read back leaves out what is zero.
  const sameAmount = (before.amountFen ?? 0) === (now.amountFen ?? 0);
  return before.kind === now.kind && sameAmount && sameCard;
}

/** Settlements and reports of terminals: what they name must be the same. */
function isSameReport(before: Fact | undefined, now: Fact | undefined): boolean {
  if (before?.batchSettled !== undefined) return true;
  const [first, second] = [before?.module, now?.module];
  return first?.kind === second?.kind && first?.key === second?.key;
}

function decisionOf(
  record: JournalRecord,
  row: RecordedRow,
): { responseCode: string; rule: string } {
  const { status, entry, position } = record;
  if (status === 'applied') {
    const { responseCode = '00', rule = '' } = entry.fact?.transaction ?? {};
    return { responseCode, rule };
  }
  const limit = status === 'tally_exceeded' ? refusalOfLimit(record) : null;
  const refusal = limit ?? row.refusals?.[status] ?? LEDGER_REFUSALS[status];
  if (refusal === undefined) throw new Error(`position ${position}: unexpected ${status}`);
  return refusal;
}
