/**
 * Charges and their bills. After everything that happens to a charge, `converge` compares the bill
 * that is with the bill that should be (by what is left of the payment) and takes the steps between:
 * red-letter, then issue. What it cannot do it writes down as the charge's reason.
 */
import { type Bill, billName } from '../bill/bill.ts';
import { type BillContent, channelFen, type PaymentLink } from '../bill/content.ts';
import { canonicalJson, type FactPayloads } from '../facts.ts';
import {
  type Charge,
  type OutcomeRow,
  orderedKey,
  type PaymentRow,
  type RedLetter,
} from '../tables.ts';
import { type Change, done, refused } from './change.ts';
import { cancelRest, restoreRest, staysForItsUse } from './deposits.ts';
import { issueBill, redBlocker, redLetter } from './issue.ts';
import {
  chargeKey,
  claim,
  isUnpaid,
  linkName,
  linkTaken,
  positionsOf,
  putLinks,
  releasePayments,
  relinked,
} from './links.ts';

/** Answers without a bill that are no refusals: the bill comes by itself. */
const COMES_LATER = new Set(['not-checked-in', 'number-asked-for']);

export function applyCharge(change: Change, payload: FactPayloads['charge']): OutcomeRow {
  const { content, links, uses = [], orNothing = false } = payload;
  const { busNo } = content;
  const known = change.tables.table('charges').get(chargeKey(change.institution, busNo));
  if (known !== undefined) {
    const same = canonicalJson(known.contents[0]) === canonicalJson(content);
    if (!same) return refused('busNo-used', `busNo ${busNo} was registered with another content`);
    return sayAgain(change, known, payload);
  }
  if (links.some((link) => linkTaken(change, link, busNo))) return notItsPayment();
  const charge = newCharge(change, payload);
  const ready = withBill(change, charge, wantedContent(change, charge));
  if (orNothing && ready.liveBill === null && !COMES_LATER.has(ready.reason)) {
    return refused(ready.reason, `busNo ${busNo}`);
  }
  for (const { table, key } of uses) change.markUsed(table, key);
  putLinks(change, busNo, links);
  for (const position of charge.payments) claim(change, busNo, position);
  return done(putCharge(change, ready).liveBill);
}

/** The same charge again. By edition 1 payments that it had not named before were passed over. */
function sayAgain(change: Change, known: Charge, payload: FactPayloads['charge']): OutcomeRow {
  const { links, rules = 1 } = payload;
  const names = new Set(known.links.map(linkName));
  const isOwn = (link: PaymentLink) =>
    names.has(linkName(link)) ||
    positionsOf(change, [link]).some((position) => known.payments.includes(position));
  const added = links.filter((link) => !isOwn(link));
  const passes = added.length === 0 || known.writtenOff || Math.min(rules, known.rules) < 2;
  if (passes) return done(known.liveBill);
  if (added.some((link) => linkTaken(change, link, known.busNo))) return notItsPayment();
  const charge = relinked(change, known, added);
  if (charge === null)
    return refused('payment-not-of-charge', 'its bill does without this payment');
  return done(converge(change, charge).liveBill);
}

function notItsPayment(): OutcomeRow {
  return refused('payment-of-another-charge', 'the payment belongs to another charge');
}

/** As it is registered, with the payments that came before it. */
function newCharge(change: Change, payload: FactPayloads['charge']): Charge {
  const { content, secret, issueAt, links, rules = 1 } = payload;
  return {
    institution: change.institution,
    busNo: content.busNo,
    secret,
    issueAt,
    rules,
    links,
    contents: [content],
    payments: positionsOf(change, links),
    checkedIn: false,
    writtenOff: false,
    redLetter: null,
    liveBill: null,
    liveContent: -1,
    generation: 0,
    reason: '',
    registeredAt: change.record.position,
    registeredUs: change.nowUs,
  };
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
  const point = change.managed('point', payload.pointCode);
  if (point === null) return refused('unknown-point', `no issuing point ${payload.pointCode}`);
  const charge = change.tables
    .table('charges')
    .get(chargeKey(change.institution, found.bill.busNo))!;
  const why = redLetterOf(change, payload, found.bill);
  const issued = redLetter(change, charge, found.bill, why);
  if ('reason' in issued) {
    if (issued.reason !== 'number-asked-for') {
      return refused(issued.reason, `no red bill could be made: ${issued.reason}`);
    }
    // By edition 1 the red bill that came with the number had forgotten who asked for it.
    const asked = (payload.rules ?? 1) < 2 ? null : why;
    putCharge(change, { ...charge, writtenOff: true, redLetter: asked, reason: issued.reason });
    return done();
  }
  releasePayments(change, charge);
  putCharge(change, { ...charge, writtenOff: true, liveBill: null, liveContent: -1, reason: '' });
  return done(issued.bill);
}

/** By edition 1 a red bill named its original's cashier. */
function redLetterOf(
  change: Change,
  payload: FactPayloads['red-letter'],
  { content }: Bill,
): RedLetter {
  const { reason, operator, pointCode, rules = 1 } = payload;
  const cashier = rules < 2 ? content.cashier : operator;
  const busDateTime = payload.busDateTime ?? change.businessTime();
  return { reason, operator, handled: { cashier, pointCode, busDateTime } };
}

/** Brings the bill of a charge to what it should be; returns the charge as stored. */
export function converge(change: Change, charge: Charge): Charge {
  let current = charge;
  const wanted = wantedContent(change, current);
  if (current.liveBill !== null) {
    if ('content' in wanted && wanted.index === current.liveContent) {
      if (current.payments.length > 0) restoreRest(change, current.liveBill);
      return putCharge(change, { ...current, reason: '' });
    }
    const undone = undo(change, current);
    if ('reason' in undone) return putCharge(change, { ...current, reason: undone.reason });
    current = undone.charge;
    if (current.liveBill !== null) return putCharge(change, { ...current, reason: '' });
  }
  return putCharge(change, withBill(change, current, wanted));
}

/** The charge with the bill that it should have, or with the reason why it cannot have one: then nothing was changed. */
function withBill(change: Change, charge: Charge, wanted: Wanted): Charge {
  if ('reason' in wanted) return { ...charge, reason: wanted.reason };
  const issued = issueBill(change, charge, wanted.content);
  if ('reason' in issued) return { ...charge, reason: issued.reason };
  return {
    ...charge,
    liveBill: issued.bill,
    liveContent: wanted.index,
    generation: charge.generation + 1,
    reason: '',
  };
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
  if (isUnpaid(change, charge)) return { reason: 'payment-not-seen' };
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
  const { bill, state } = found;
  const net = netOf(change, charge);
  if (bill.voucher && staysForItsUse(charge, state, net)) {
    const reason = cancelRest(change, found, net);
    return reason === null ? { charge } : { reason };
  }
  const blocker = redBlocker(bill, state);
  if (blocker !== null) return { reason: blocker };
  const { cashier, pointCode } = bill.content;
  const handled = { cashier, pointCode, busDateTime: change.businessTime() };
  const why = charge.redLetter ?? { reason: '退费', operator: cashier, handled };
  const issued = redLetter(change, charge, bill, why);
  if ('reason' in issued) return issued;
  return { charge: { ...charge, liveBill: null, liveContent: -1, redLetter: null } };
}
