/**
 * A request's way when a host has to agree: held in the ledger, asked, settled, answered. The ledger
 * is on disk before the host is asked and again before the terminal is told.
 */
import type { Entry, JournalRecord } from '../../ledger/types.ts';
import {
  copiedFields,
  type HostFields,
  namedByRecord,
  namedByTrace,
  originalField,
  type Sender,
} from '../hosts/host-fields.ts';
import type { HostReply, HostRequest } from '../hosts/messages.ts';
import {
  entryOf,
  isRace,
  outcomeOfRecord,
  outcomeOfSubmitted,
  planOrRefusal,
  recordOf,
  recordRequest,
} from '../recording.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import { repeatEntry } from '../store-and-forward/records.ts';
import type { Outcome, Plan, RecordedRow, Request, UnrecordedRow } from '../transactions/row.ts';
import { type Asked, askedOf, EXTRA, type HostSort } from './asked.ts';
import { openHostAccount } from './host-accounts.ts';
import { outcomeOfResult, outcomeWithout } from './outcome.ts';
import { pinOf } from './pin.ts';
import { approvalText, settle } from './settle.ts';
import { type SplitPlan, splitPlan } from './split-plan.ts';
import { type Verdict, verdictOf } from './verdict.ts';

const ATTEMPTS_MAX = 5;

/** A recorded row at a host. `request.route` says which. */
export async function recordAtHost(
  request: Request,
  row: RecordedRow,
  refused: Refusal | null,
  wireHash: Uint8Array,
  services: Services,
): Promise<Outcome> {
  const host = request.route!.host;
  await openHostAccount(request.terminal.value.institution, host, services);
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const plan = refused ?? (await planOrRefusal(request, row, services));
    if (plan instanceof Refusal) return recordRequest(request, row, plan, wireHash, services);
    if (row.host === 'advised') {
      const outcome = await recordAdvice(request, row, plan, wireHash, services);
      if (outcome === null) continue;
      return outcome;
    }
    if (!services.hosts.gateway.isUp(host)) {
      const unavailable = new Refusal('91', 'host-unavailable');
      return recordRequest(request, row, unavailable, wireHash, services);
    }
    const split = splitPlan(plan, request.entryId);
    const entry = askedEntry(request, row.host as HostSort, plan, split, wireHash);
    const result = await services.ledger.submit(entry);
    if (isRace(result.status)) continue;
    const asked = result.status === 'applied' ? askedOf(recordOf(result, entry)) : null;
    if (asked === null) return outcomeOfSubmitted(request, row, entry, result, services);
    return askAndSettle(asked, request, row, plan, split, services);
  }
  throw new Refusal('96', 'raced-too-often');
}

/** A balance inquiry at a host: it moves nothing, and leaves no record. */
export async function performAtHost(
  request: Request,
  row: UnrecordedRow,
  services: Services,
): Promise<Outcome> {
  const host = request.route!.host;
  const nowUs = Date.now() * 1_000;
  const fields = {
    ...copiedFields(request.message),
    ...namedByTrace(request.traceNumber, nowUs, senderOf(request, services)),
  };
  const reply = await ask(host, 0, fields, request, services);
  const verdict = verdictOf(reply, undefined, services.hosts.codesOf(host));
  if (!verdict.approved) throw new Refusal(verdict.responseCode, verdict.rule);
  const amounts = reply.state === 'answered' ? reply.fields[54] : undefined;
  const set = amounts === undefined ? {} : { 54: amounts };
  const base = { position: 0, timestampUs: nowUs, businessDate: '' };
  return { responseCode: '00', rule: '', ...base, set: row.host === undefined ? {} : set };
}

/**
 * What has happened already: posted here at once, and the host is told until it confirms. Null when
 * another request came between, and it has to be planned again.
 */
async function recordAdvice(
  request: Request,
  row: RecordedRow,
  plan: Plan,
  wireHash: Uint8Array,
  services: Services,
): Promise<Outcome | null> {
  const entry = entryOf(request, plan, wireHash);
  const fact = entry.fact?.transaction;
  if (fact !== undefined) {
    const host = request.route!.host;
    const condition = request.message.get(25) ?? '00';
    const forward = { [EXTRA.host]: host, [EXTRA.forward]: 'advice', [EXTRA.condition]: condition };
    fact.extra = { ...fact.extra, ...forward };
  }
  const result = await services.ledger.submit(entry);
  if (isRace(result.status)) return null;
  if (result.status === 'applied') services.hosts.gateway.forward(result.position);
  return outcomeOfSubmitted(request, row, entry, result, services);
}

function askedEntry(
  request: Request,
  sort: HostSort,
  plan: Plan,
  split: SplitPlan,
  wireHash: Uint8Array,
): Entry {
  const { fact: _, ...kept } = plan;
  const entry: Entry = { ...entryOf(request, kept, wireHash) };
  const { transfers: _t, tallies: _y, registry: _r, blocks: _b, ...bare } = entry;
  const asked: Entry = { ...bare, ...split.asked };
  const fact = { ...entry.fact!.transaction!, responseCode: '', rule: 'host-asked' };
  const extra: Record<string, string> = {
    ...fact.extra,
    [EXTRA.host]: request.route!.host,
    [EXTRA.sort]: sort,
    [EXTRA.condition]: request.message.get(25) ?? '00',
  };
  if (sort === 'repeatable') extra[EXTRA.approval] = approvalText(split.approved, bare);
  asked.fact = { transaction: { ...fact, extra } };
  return asked;
}

async function askAndSettle(
  asked: Asked,
  request: Request,
  row: RecordedRow,
  plan: Plan,
  split: SplitPlan,
  services: Services,
): Promise<Outcome> {
  const sender = senderOf(request, services);
  const { position, timestampUs } = asked.record;
  const fields: HostFields = {
    ...copiedFields(request.message),
    ...namedByRecord(position, timestampUs, sender),
  };
  const original = originalOf(plan, sender, services);
  if (original !== undefined) fields[90] = original;
  const { originalPosition } = plan;
  const reply = await ask(asked.host, position, fields, request, services, originalPosition);
  if (reply.state === 'unanswered' && asked.sort === 'repeatable') {
    return askAgainLater(asked, services);
  }
  const amount = typeof fields[4] === 'string' ? fields[4] : undefined;
  const verdict = verdictOf(reply, amount, services.hosts.codesOf(asked.host));
  return settleAndTell(asked, verdict, request, row, split, services);
}

async function settleAndTell(
  asked: Asked,
  verdict: Verdict,
  request: Request,
  row: RecordedRow,
  split: SplitPlan,
  services: Services,
): Promise<Outcome> {
  let first = true;
  const approval = async () => {
    if (first) {
      first = false;
      return split.approved;
    }
    const again = await planOrRefusal(request, row, services);
    return again instanceof Refusal ? split.approved : splitPlan(again, request.entryId).approved;
  };
  const record = await settle(asked, verdict, approval, services);
  if (record === null) return outcomeWithout(asked, '22', 'reversed-before-the-answer');
  const forward = record.entry.fact?.transaction?.extra?.[EXTRA.forward];
  if (forward !== undefined) services.hosts.gateway.forward(record.position);
  return outcomeOfResult(asked, record, (result) => outcomeOfRecord(result, row, request));
}

/** The money stays held until the host answers; the terminal is told that there was no answer. */
async function askAgainLater(asked: Asked, services: Services): Promise<Outcome> {
  const { position } = await services.ledger.submit(repeatEntry(asked.record));
  services.hosts.gateway.forward(position);
  return outcomeWithout(asked, '98', 'host-unanswered');
}

async function ask(
  host: string,
  position: number,
  fields: HostFields,
  request: Request,
  services: Services,
  originalPosition?: number,
): Promise<HostReply> {
  const { hosts } = services;
  if (!hosts.gateway.isUp(host)) return { state: 'not-sent', reason: 'no-link' };
  const asked: HostRequest = { host, messageType: request.message.mti, fields, position };
  const pin = pinOf(request);
  if (pin !== null) asked.pin = pin;
  if (originalPosition !== undefined) asked.originalPosition = originalPosition;
  return hosts.gateway.ask(asked);
}

/** Field 90 of what refers to an earlier transaction of the journal. */
function originalOf(plan: Plan, sender: Sender, { reader }: Services): string | undefined {
  const named = plan.originalPosition ?? 0;
  const record: JournalRecord | null = named > 0 ? reader.record(named) : null;
  const fact = record?.entry.fact?.transaction;
  return record === null || fact === undefined ? undefined : originalField(record, fact, sender);
}

function senderOf(request: Request, { institutions }: Services): Sender {
  const { terminal, terminalId, merchantId } = request;
  return { institution: institutions.get(terminal.value.institution), terminalId, merchantId };
}
