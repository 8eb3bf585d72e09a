/**
 * Charges and their bills. After everything that happens to a charge, `converge` compares the bill
 * that is with the bill that should be (by what is left of the payment) and takes the steps between:
 * red-letter, then issue. What it cannot do it writes down as the charge's reason.
 */
import { type BillState, billName } from '../bill/bill.ts';
import { type BillContent, channelFen, type PaymentLink } from '../bill/content.ts';
import { canonicalJson, type FactPayloads } from '../facts.ts';
import { type Charge, type OutcomeRow, orderedKey, type PaymentRow } from '../tables.ts';
import { type Change, done, refused } from './change.ts';
import { issueBill, redBlocker, redLetter } from './issue.ts';

export function chargeKey(institution: string, busNo: string): string {
  return `${institution}|${busNo}`;
}

export function applyCharge(change: Change, payload: FactPayloads['charge']): OutcomeRow {
  const { content, secret, issueAt, links, uses = [] } = payload;
  const { busNo } = content;
  const known = change.tables.table('charges').get(chargeKey(change.institution, busNo));
  if (known !== undefined) {
    const same = canonicalJson(known.contents[0]) === canonicalJson(content);
    if (same) return done(known.liveBill);
    return refused('busNo-used', `busNo ${busNo} was registered with another content`);
  }
  for (const link of links) {
    if (linkTaken(change, linkName(link))) {
      return refused('payment-of-another-charge', 'the payment belongs to another charge');
    }
  }
  const charge: Charge = {
    institution: change.institution,
    busNo,
    secret,
    issueAt,
    links,
    contents: [content],
    payments: [],
    checkedIn: false,
    writtenOff: false,
    liveBill: null,
    liveContent: -1,
    generation: 0,
    reason: '',
    registeredAt: change.record.position,
    registeredUs: change.nowUs,
  };
  for (const { table, key } of uses) change.markUsed(table, key);
  for (const link of links) {
    change.tables.table('charge-links').put(scopedName(change, linkName(link)), busNo);
  }
  return done(converge(change, findPayments(change, charge)).liveBill);
}

export function applyCheckIn(change: Change, { busNo }: FactPayloads['check-in']): OutcomeRow {
  const charge = change.tables.table('charges').get(chargeKey(change.institution, busNo));
  if (charge === undefined) return refused('unknown-busNo', `busNo ${busNo} is not registered`);
  return done(converge(change, { ...charge, checkedIn: true }).liveBill);
}

export function applyRemainder(change: Change, payload: FactPayloads['remainder']): OutcomeRow {
  const { busNo, content } = payload;
  const charge = change.tables.table('charges').get(chargeKey(change.institution, busNo));
  if (charge === undefined) return refused('unknown-busNo', `busNo ${busNo} is not registered`);
  if (charge.writtenOff)
    return refused('written-off', `busNo ${busNo} was red-lettered on request`);
  const contents = [...charge.contents, content];
  return done(converge(change, { ...charge, contents }).liveBill);
}

/** 冲红 on somebody's word: the HIS, a cashier, finance. */
export function applyRedLetter(change: Change, payload: FactPayloads['red-letter']): OutcomeRow {
  const found = change.bill(payload);
  if (found === null) return refused('unknown-bill', 'there is no such bill');
  const blocker = redBlocker(found.bill, found.state);
  if (blocker !== null) return refused(blocker, `the bill cannot be red-lettered: ${blocker}`);
  const { reason, operator } = payload;
  const point = change.managed('point', payload.pointCode);
  if (point === null) return refused('unknown-point', `no issuing point ${payload.pointCode}`);
  const charge = change.tables
    .table('charges')
    .get(chargeKey(change.institution, found.bill.busNo))!;
  const why = { reason, operator, pointCode: point.code };
  const issued = redLetter(change, charge, found.bill, why);
  if ('reason' in issued) {
    if (issued.reason !== 'number-asked-for') {
      return refused(issued.reason, `no red bill could be made: ${issued.reason}`);
    }
    putCharge(change, { ...charge, writtenOff: true, reason: issued.reason });
    return done();
  }
  const released = releasePayments(change, charge);
  putCharge(change, { ...released, writtenOff: true, liveBill: null, liveContent: -1, reason: '' });
  return done(issued.bill);
}

/** The payments of a charge that was written off may be billed under another busNo. */
function releasePayments(change: Change, charge: Charge): Charge {
  const payments = change.tables.table('payments');
  for (const position of charge.payments) {
    const row = payments.get(orderedKey(position))!;
    payments.put(orderedKey(position), { ...row, busNo: '' });
    if (row.netFen !== 0) change.tables.table('unbilled').put(unbilledKey(row), 'written-off');
  }
  const links = change.tables.table('charge-links');
  for (const link of charge.links) links.remove(scopedName(change, linkName(link)));
  return charge;
}

/** Brings the bill of a charge to what it should be; returns the charge as stored. */
export function converge(change: Change, charge: Charge): Charge {
  let current = charge;
  const wanted = wantedContent(change, current);
  if (current.liveBill !== null) {
    if ('content' in wanted && wanted.index === current.liveContent) {
      restoreVoucher(change, current.liveBill);
      return putCharge(change, { ...current, reason: '' });
    }
    const undone = undo(change, current);
    if ('reason' in undone) return putCharge(change, { ...current, reason: undone.reason });
    current = undone.charge;
    if (current.liveBill !== null) return putCharge(change, { ...current, reason: '' });
  }
  if ('reason' in wanted) return putCharge(change, { ...current, reason: wanted.reason });
  const issued = issueBill(change, current, wanted.content);
  if ('reason' in issued) return putCharge(change, { ...current, reason: issued.reason });
  return putCharge(change, {
    ...current,
    liveBill: issued.bill,
    liveContent: wanted.index,
    generation: current.generation + 1,
    reason: '',
  });
}

/** Reasons that are as they should be, or that an event of the charge's own ends. All others are listed for people. */
const QUIET_REASONS = new Set([
  '',
  'paid-back',
  'written-off',
  'nothing-to-bill',
  'payment-not-seen',
  'not-checked-in',
]);

function putCharge(change: Change, charge: Charge): Charge {
  const { institution, busNo, registeredAt, reason } = charge;
  change.tables.table('charges').put(chargeKey(institution, busNo), charge);
  const waiting = change.tables.table('waiting');
  const key = `${institution}|${orderedKey(registeredAt)}|${busNo}`;
  if (QUIET_REASONS.has(reason)) waiting.remove(key);
  else waiting.put(key, busNo);
  return charge;
}

/** Numbers came, or a setting changed: whoever waits gets another try, in the order of registration. */
export function convergeWaiting(change: Change): void {
  const waiting = [...change.tables.table('waiting').range({ prefix: `${change.institution}|` })];
  for (const { value: busNo } of waiting) {
    const charge = change.tables.table('charges').get(chargeKey(change.institution, busNo));
    if (charge !== undefined) converge(change, charge);
  }
}

type Wanted = { content: BillContent; index: number } | { reason: string };

function wantedContent(change: Change, charge: Charge): Wanted {
  if (charge.writtenOff) return { reason: 'written-off' };
  if (charge.issueAt === 'check-in' && !charge.checkedIn) {
    const net = netOf(change, charge);
    const cancelled = charge.payments.length > 0 && net === 0;
    return { reason: cancelled ? 'paid-back' : 'not-checked-in' };
  }
  if (charge.links.length === 0) {
    const index = charge.contents.length - 1;
    return { content: charge.contents[index]!, index };
  }
  if (charge.payments.length < charge.links.length) return { reason: 'payment-not-seen' };
  return contentOfNet(change, charge);
}

/** The last content whose part paid through the journal is what is left of the payments. */
function contentOfNet(change: Change, charge: Charge): Wanted {
  const net = netOf(change, charge);
  const journalCodes = new Set<string>();
  for (const content of charge.contents) {
    for (const { code } of content.channels) {
      if (change.managed('channel', code)?.journal) journalCodes.add(code);
    }
  }
  const index = charge.contents.findLastIndex((content) => {
    return channelFen(content, journalCodes) === net;
  });
  if (index >= 0 && (net > 0 || index > 0)) return { content: charge.contents[index]!, index };
  if (net === 0) return { reason: 'paid-back' };
  const whole = paymentsOf(change, charge).every((row) => row.netFen === row.amountFen);
  return { reason: whole ? 'amount-differs-from-payment' : 'remainder-not-registered' };
}

function paymentsOf(change: Change, charge: Charge): PaymentRow[] {
  return charge.payments.map((position) => {
    return change.tables.table('payments').get(orderedKey(position))!;
  });
}

function netOf(change: Change, charge: Charge): number {
  return paymentsOf(change, charge).reduce((sum, { netFen }) => sum + netFen, 0);
}

/** Takes the live bill back: red-letter, or for a deposit that is used in part, its rest cancelled. */
function undo(change: Change, charge: Charge): { charge: Charge } | { reason: string } {
  const found = change.bill(billName(charge.liveBill!));
  if (found === null) throw new Error(`bill ${charge.liveBill} of ${charge.busNo} is missing`);
  const { bill, state, key } = found;
  if (
    bill.voucher &&
    (state.consumedFen > 0 || state.cancelledFen > 0 || netOf(change, charge) > 0)
  ) {
    return cancelVoucher(change, charge, key, bill.content.totalFen, state);
  }
  const blocker = redBlocker(bill, state);
  if (blocker !== null) return { reason: blocker };
  const why = {
    reason: '退费',
    operator: bill.content.cashier,
    pointCode: bill.content.pointCode,
  };
  const issued = redLetter(change, charge, bill, why);
  if ('reason' in issued) return issued;
  return { charge: { ...charge, liveBill: null, liveContent: -1 } };
}

/** 预交金余额注销: what was paid back of a deposit; the voucher stays for what was used. */
function cancelVoucher(
  change: Change,
  charge: Charge,
  key: string,
  totalFen: number,
  state: BillState,
): { charge: Charge } | { reason: string } {
  const cancelledFen = totalFen - netOf(change, charge);
  if (state.consumedFen + cancelledFen > totalFen) return { reason: 'deposit-already-used' };
  change.tables.table('bill-states').put(key, { ...state, cancelledFen });
  return { charge };
}

/** A cancelled rest was paid in again: the refund itself was undone. */
function restoreVoucher(change: Change, key: string): void {
  const states = change.tables.table('bill-states');
  const state = states.get(key);
  if (state !== undefined && state.cancelledFen > 0) states.put(key, { ...state, cancelledFen: 0 });
}

export function linkName(link: PaymentLink): string {
  if ('reference' in link) return `ref|${link.reference}`;
  if ('businessNumber' in link) return `no|${link.businessNumber}`;
  return `trace|${link.terminalId}|${link.batchNumber}|${link.traceNumber}`;
}

export function scopedName(change: Change, name: string): string {
  return `${change.institution}|${name}`;
}

export function unbilledKey({ institution, position }: PaymentRow): string {
  return `${institution}|${orderedKey(position)}`;
}

/** A charge waits under this name, or its payment was given to a charge under another name. */
function linkTaken(change: Change, name: string): boolean {
  const { tables } = change;
  if (tables.table('charge-links').get(scopedName(change, name)) !== undefined) return true;
  const position = tables.table('payment-names').get(scopedName(change, name));
  if (position === undefined) return false;
  return tables.table('payments').get(orderedKey(position))?.busNo !== '';
}

/** Payments that came before their charge. */
function findPayments(change: Change, charge: Charge): Charge {
  let found = charge;
  for (const link of charge.links) {
    const position = change.tables.table('payment-names').get(scopedName(change, linkName(link)));
    if (position !== undefined) found = attach(change, found, position);
  }
  return found;
}

/** The payment is this charge's from now on. */
export function attach(change: Change, charge: Charge, position: number): Charge {
  if (charge.payments.includes(position)) return charge;
  const payments = change.tables.table('payments');
  const row = payments.get(orderedKey(position))!;
  payments.put(orderedKey(position), { ...row, busNo: charge.busNo });
  change.tables.table('unbilled').remove(unbilledKey(row));
  return { ...charge, payments: [...charge.payments, position] };
}
