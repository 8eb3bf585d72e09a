/** What left the house and came back: signatures, reports to the fiscal side, messages. */
import { inflateRawSync } from 'node:zlib';
import { type Bill, billKey } from '../bill/bill.ts';
import { billXml } from '../bill/xml.ts';
import type { FactPayloads } from '../facts.ts';
import type { FiscalTask, OutcomeRow, PushTask } from '../tables.ts';
import { type Change, done, refused } from './change.ts';
import { converge } from './charges.ts';
import { givenNumberKey, putFiscalTask, unsignedKey } from './issue.ts';
import { chargeKey } from './links.ts';

/** After so many attempts a person has to look. */
export const FISCAL_ATTEMPTS_MAX = 50;
export const PUSH_ATTEMPTS_MAX = 8;

/**
 * The unit's signature with the exact bytes that it is over. The bill must be the one that this
 * journal issues: a program that would number or write bills otherwise than the one that signed them
 * stops here instead of rewriting history.
 */
export function applySigned(change: Change, payload: FactPayloads['signed']): OutcomeRow {
  const found = change.bill(payload);
  if (found === null) throw new Error(`signed bill ${billKey(payload)} was never issued`);
  const { key, bill, state } = found;
  if (state.unitSignature !== null) return done(key);
  const original = Buffer.from(payload.original, 'base64');
  if (!inflateRawSync(original).equals(billXml(bill))) {
    throw new Error(`the signed original of bill ${key} is not what this program writes`);
  }
  change.tables.table('originals').put(key, new Uint8Array(original));
  change.tables.table('bill-states').put(key, { ...state, unitSignature: payload.signature });
  change.tables.table('unsigned').remove(unsignedKey(bill));
  if (change.managed('unit', 'unit')?.fiscal) {
    const kind = bill.kind === 'red' ? 'red' : 'issue';
    putFiscalTask(change, change.nextId(), { kind, bill: key, number: null, paper: null });
  }
  for (const [channel, address] of addressesOf(bill)) {
    putPushTask(change, { bill: key, channel, address });
  }
  return done(key);
}

/** 公众号 first, then SMS, then mail. A red bill is told by the original channel of the HIS, without bill data. */
function addressesOf({ kind, content }: Bill): [channel: string, address: string][] {
  if (kind === 'red') return [];
  const { openId, phone, email } = content.payer;
  const all: [string, string][] = [
    ['official-account', openId],
    ['sms', phone],
    ['mail', email],
  ];
  return all.filter(([, address]) => address !== '');
}

function putPushTask(
  change: Change,
  { bill, channel, address }: Pick<PushTask, 'bill' | 'channel' | 'address'>,
): void {
  const id = change.nextId();
  const { institution, nowUs } = change;
  const counters = { attempts: 0, cause: '', nextUs: nowUs };
  const row: PushTask = { id, institution, bill, channel, address, state: 'open', ...counters };
  change.tables.table('push-tasks').put(id, row);
  change.tables.table('push-open').put(id, nowUs);
}

export function applyNotice(change: Change, payload: FactPayloads['notice']): OutcomeRow {
  const found = change.bill(payload);
  if (found === null) return refused('unknown-bill', 'there is no such bill');
  putPushTask(change, { bill: found.key, channel: payload.channel, address: payload.address });
  return done(found.key);
}

export function applyPushed(change: Change, payload: FactPayloads['pushed']): OutcomeRow {
  const tasks = change.tables.table('push-tasks');
  const task = tasks.get(payload.task);
  if (task === undefined || task.state !== 'open') return done();
  const { ok, cause, nextUs } = payload;
  const attempts = task.attempts + 1;
  const failed = attempts >= PUSH_ATTEMPTS_MAX ? 'parked' : 'open';
  const state: PushTask['state'] = ok ? 'done' : failed;
  tasks.put(task.id, { ...task, attempts, cause, nextUs, state });
  setDue(change, 'push-open', task.id, state, nextUs);
  return done(task.bill);
}

export function applyFiscalAttempt(
  change: Change,
  payload: FactPayloads['fiscal-attempt'],
): OutcomeRow {
  const task = openTask(change, payload.task);
  if (task === null) return done();
  const { outcome, cause, text, nextUs } = payload;
  const attempts = task.attempts + 1;
  const state = outcome === 'refused' || attempts % FISCAL_ATTEMPTS_MAX === 0 ? 'parked' : 'open';
  const unknown = task.unknown || outcome === 'unknown';
  putTask(change, { ...task, attempts, cause, text, nextUs, unknown, state });
  if (task.bill !== null && (task.kind === 'issue' || task.kind === 'red')) {
    setFiscal(change, task.bill, 'failing');
  }
  return done(task.bill);
}

export function applyFiscalAccepted(
  change: Change,
  payload: FactPayloads['fiscal-accepted'],
): OutcomeRow {
  const task = openTask(change, payload.task);
  if (task === null) return done();
  const attempts = task.attempts + 1;
  putTask(change, { ...task, attempts, cause: '', text: payload.text, state: 'done' });
  if (task.bill === null) return done();
  if (task.kind === 'issue' || task.kind === 'red') {
    const states = change.tables.table('bill-states');
    const state = states.get(task.bill)!;
    const supervisorSignature = payload.signature ?? state.supervisorSignature;
    states.put(task.bill, { ...state, fiscal: 'accepted', supervisorSignature });
  }
  return done(task.bill);
}

export function applyFiscalNumber(
  change: Change,
  payload: FactPayloads['fiscal-number'],
): OutcomeRow {
  const task = openTask(change, payload.task);
  if (task === null || task.number === null) return done();
  const { billCode, billNumber, checkCode, text } = payload;
  const attempts = task.attempts + 1;
  putTask(change, { ...task, attempts, cause: '', text, state: 'done' });
  const { busNo, kind, generation } = task.number;
  const key = givenNumberKey(change.institution, busNo, kind, generation);
  change.tables.table('given-numbers').put(key, { billCode, billNumber, checkCode });
  const charge = change.tables.table('charges').get(chargeKey(change.institution, busNo));
  return done(charge === undefined ? null : converge(change, charge).liveBill);
}

/** A person has looked: the task is tried again. */
export function applyFiscalRetry(
  change: Change,
  payload: FactPayloads['fiscal-retry'],
): OutcomeRow {
  const task = change.tables.table('fiscal-tasks').get(payload.task);
  if (task === undefined || task.institution !== change.institution) {
    return refused('not-found', 'there is no such task');
  }
  if (task.state !== 'parked') return refused('not-parked', 'the task is not parked');
  putTask(change, { ...task, state: 'open', nextUs: change.nowUs });
  return done(task.bill);
}

function openTask(change: Change, id: string): FiscalTask | null {
  const task = change.tables.table('fiscal-tasks').get(id);
  return task === undefined || task.state !== 'open' ? null : task;
}

function putTask(change: Change, task: FiscalTask): void {
  change.tables.table('fiscal-tasks').put(task.id, task);
  setDue(change, 'fiscal-open', task.id, task.state, task.nextUs);
}

/** A parked task stays listed and is never due: a person decides. */
function setDue(
  change: Change,
  name: 'fiscal-open' | 'push-open',
  id: string,
  state: FiscalTask['state'],
  nextUs: number,
): void {
  const open = change.tables.table(name);
  if (state === 'done') open.remove(id);
  else open.put(id, state === 'parked' ? Number.MAX_SAFE_INTEGER : nextUs);
}

function setFiscal(change: Change, key: string, fiscal: 'failing'): void {
  const states = change.tables.table('bill-states');
  const state = states.get(key)!;
  if (state.fiscal !== 'accepted') states.put(key, { ...state, fiscal });
}
