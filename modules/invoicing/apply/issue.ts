/** Giving a number: how a charge becomes a bill, and a bill a red one. */
import {
  type Bill,
  type BillKey,
  type BillName,
  type BillState,
  billKey,
  NEW_STATE,
  type SealFace,
  type UnitFace,
} from '../bill/bill.ts';
import type { BillContent } from '../bill/content.ts';
import { checkCodeOf } from '../facts.ts';
import type { Managed } from '../managed/schemas.ts';
import { numberText } from '../stock/holding.ts';
import { type Charge, type FiscalTask, orderedKey, type RedLetter } from '../tables.ts';
import type { Change } from './change.ts';
import { takeGivenNumber, takeNumber } from './stock.ts';

/** Either done, or why it has to wait. */
export type Issued = { bill: BillKey } | { reason: string };

/** Bill code: region, class, kind, and the year of issue. */
export function billCodeOf(unit: Managed['unit'], type: Managed['billType'], date: string): string {
  return unit.regionCode + type.classCode + type.kindCode + date.slice(2, 4);
}

/** Gives the charge's content a number, unless something stands against it. */
export function issueBill(change: Change, charge: Charge, content: BillContent): Issued {
  const unit = change.managed('unit', 'unit');
  if (unit === null) return { reason: 'unit-not-set-up' };
  const category = change.managed('category', content.busType);
  if (category === null || !category.enabled) return { reason: 'unknown-business-type' };
  const type = change.managed('billType', category.billType);
  if (type === null || !type.enabled) return { reason: 'unknown-bill-type' };
  const reason =
    contentReason(change, unit, type, content) ?? depositReason(change, charge.rules, content);
  if (reason !== null) return { reason };
  const generation = charge.generation + 1;
  const number = numberFor(change, { unit, type, charge, content, kind: 'normal', generation });
  if ('reason' in number) return number;
  const bill: Bill = {
    ...commonPart(change, unit, type, charge),
    ...number.name,
    kind: 'normal',
    checkCode: number.checkCode,
    generation,
    content,
    original: null,
    reason: '',
    operator: content.author,
    handled: {
      cashier: content.cashier,
      pointCode: content.pointCode,
      busDateTime: content.busDateTime,
    },
  };
  useUp(change, content, 1);
  for (const [table, key] of [
    ['point', content.pointCode],
    ['billType', type.code],
    ['category', content.busType],
    ['issuer', content.cashier],
    ['seal', unit.seal],
    ['seal', unit.supervisorSeal],
    ...content.channels.map(({ code }) => ['channel', code] as const),
  ] as const) {
    change.markUsed(table, key);
  }
  return { bill: putBill(change, bill) };
}

/** Whole bills only: a red bill mirrors its original under a number of its own. */
export function redLetter(change: Change, charge: Charge, original: Bill, why: RedLetter): Issued {
  const unit = change.managed('unit', 'unit');
  const type = change.managed('billType', original.billType);
  if (unit === null || type === null) return { reason: 'unit-not-set-up' };
  const { generation, content } = original;
  const wanted = { unit, type, charge, content, kind: 'red' as const, generation };
  const number = numberFor(change, wanted, why.handled.pointCode);
  if ('reason' in number) return number;
  const bill: Bill = {
    ...commonPart(change, unit, type, charge),
    ...number.name,
    kind: 'red',
    checkCode: number.checkCode,
    generation,
    content,
    original: { billCode: original.billCode, billNumber: original.billNumber },
    reason: why.reason,
    operator: why.operator,
    handled: why.handled,
  };
  useUp(change, content, -1);
  const key = putBill(change, bill);
  const states = change.tables.table('bill-states');
  const originalKey = billKey(original);
  const state = states.get(originalKey) ?? NEW_STATE;
  states.put(originalKey, { ...state, state: 'red-lettered', redBill: number.name });
  return { bill: key };
}

/** Why a bill must not be red-lettered now, or null. */
export function redBlocker(bill: Bill, state: BillState): string | null {
  if (bill.kind === 'red') return 'is-a-red-bill';
  if (state.state === 'red-lettered') return 'already-red-lettered';
  if (state.paper !== null) return 'paper-must-be-voided-first';
  if (state.booked !== null) return 'booked-by-the-payer';
  if (state.consumedFen > 0) return 'deposit-already-used';
  return null;
}

function contentReason(
  change: Change,
  unit: Managed['unit'],
  type: Managed['billType'],
  content: BillContent,
): string | null {
  const point = change.managed('point', content.pointCode);
  if (point === null) return 'unknown-point';
  if (!point.enabled) return 'point-disabled';
  if (point.billTypes.length > 0 && !point.billTypes.includes(type.code)) {
    return 'bill-type-not-allowed-at-point';
  }
  const { chargeCodes } = point;
  const allowed = (code: string) => chargeCodes.length === 0 || chargeCodes.includes(code);
  if (!content.lines.every(({ code }) => allowed(code))) return 'charge-not-allowed-at-point';
  if (content.totalFen === 0 && !unit.zeroBills) return 'nothing-to-bill';
  return null;
}

/** Why the deposits that the content uses up do not suffice, or null. By edition 1 each line stood for itself. */
function depositReason(change: Change, rules: number, { vouchers }: BillContent): string | null {
  const wanted = new Map<BillKey, number>();
  for (const voucher of vouchers) {
    const found = change.bill(voucher);
    if (found === null || !found.bill.voucher) return 'unknown-deposit';
    const { key, bill, state } = found;
    const before = rules < 2 ? 0 : (wanted.get(key) ?? 0);
    wanted.set(key, before + voucher.amountFen);
    const leftFen = bill.content.totalFen - state.consumedFen - state.cancelledFen;
    if (state.state !== 'issued' || leftFen < wanted.get(key)!) return 'deposit-too-low';
  }
  return null;
}

/** Deposits that a bill uses up, or gives free again when it is red-lettered. */
function useUp(change: Change, { vouchers }: BillContent, sign: 1 | -1): void {
  const states = change.tables.table('bill-states');
  for (const voucher of vouchers) {
    const key = billKey(voucher);
    const state = states.get(key)!;
    states.put(key, { ...state, consumedFen: state.consumedFen + sign * voucher.amountFen });
  }
}

interface Wanted {
  unit: Managed['unit'];
  type: Managed['billType'];
  charge: Charge;
  content: BillContent;
  kind: 'normal' | 'red';
  generation: number;
}

type Numbered = { name: BillName; checkCode: string } | { reason: string };

function numberFor(change: Change, wanted: Wanted, pointCode = wanted.content.pointCode): Numbered {
  const { unit, type, charge, kind, generation } = wanted;
  const billCode = billCodeOf(unit, type, change.wallClock().date);
  const movement = kind === 'red' ? 'red' : 'issued';
  if (unit.numbers === 'segments') {
    const number = takeNumber(change, billCode, pointCode, movement);
    if (number === null) return { reason: 'stock-empty' };
    const checkCode = checkCodeOf(charge.secret, kind, generation);
    return { name: { billCode, billNumber: numberText(number) }, checkCode };
  }
  const given = change.tables.table('given-numbers');
  const key = givenNumberKey(change.institution, charge.busNo, kind, generation);
  const number = given.get(key);
  if (number === undefined) {
    askForNumber(change, { busNo: charge.busNo, kind, generation, billCode });
    return { reason: 'number-asked-for' };
  }
  given.remove(key);
  const { billNumber, checkCode } = number;
  const taken = takeGivenNumber(change, number.billCode, Number(billNumber), pointCode, movement);
  if (!taken) return { reason: 'given-number-known' };
  return { name: { billCode: number.billCode, billNumber }, checkCode };
}

export function givenNumberKey(
  institution: string,
  busNo: string,
  kind: 'normal' | 'red',
  generation: number,
): string {
  return `${institution}|${busNo}|${kind}|${generation}`;
}

/** One task for each number, however often it is missed. */
function askForNumber(change: Change, number: NonNullable<FiscalTask['number']>): void {
  const { busNo, kind, generation } = number;
  const id = `${change.institution}|number|${busNo}|${kind}|${generation}`;
  if (change.tables.table('fiscal-tasks').get(id) !== undefined) return;
  putFiscalTask(change, id, { kind: 'take-number', bill: null, number, paper: null });
}

export function putFiscalTask(
  change: Change,
  id: string,
  what: Pick<FiscalTask, 'kind' | 'bill' | 'number' | 'paper'>,
): void {
  change.tables.table('fiscal-tasks').put(id, {
    id,
    institution: change.institution,
    ...what,
    businessDate: change.record.businessDate,
    state: 'open',
    attempts: 0,
    unknown: false,
    cause: '',
    text: '',
    createdUs: change.nowUs,
    nextUs: change.nowUs,
  });
  change.tables.table('fiscal-open').put(id, change.nowUs);
}

function commonPart(
  change: Change,
  unit: Managed['unit'],
  type: Managed['billType'],
  charge: Charge,
) {
  const { date, time } = change.wallClock();
  return {
    institution: change.institution,
    billType: type.code,
    name: type.name,
    specimenCode: type.specimenCode,
    regionCode: unit.regionCode,
    issueDate: date,
    issueTime: time,
    businessDate: change.record.businessDate,
    position: change.record.position,
    busNo: charge.busNo,
    face: { faceLinesMax: type.faceLinesMax, pageAddress: unit.pageAddress },
    unit: unitFace(change, unit),
    voucher: type.voucher,
  };
}

function unitFace(change: Change, unit: Managed['unit']): UnitFace {
  const { code, name, receiverName, receiverAccount, receiverBank } = unit;
  return {
    code,
    name,
    receiverName,
    receiverAccount,
    receiverBank,
    seal: sealFace(change, unit.seal),
    supervisorSeal: sealFace(change, unit.supervisorSeal),
  };
}

function sealFace(change: Change, code: string): SealFace {
  const seal = change.managed('seal', code);
  const { date } = change.wallClock();
  const valid = seal?.enabled && seal.validFrom <= date && date <= seal.validTo;
  return valid
    ? { id: seal.code, name: seal.name, hash: seal.hash }
    : { id: '', name: '', hash: '' };
}

/** In the order in which numbers were given. */
export function unsignedKey(bill: Bill): string {
  return `${orderedKey(bill.position)}|${billKey(bill)}`;
}

/** The bill with all names that it is found by. */
function putBill(change: Change, bill: Bill): BillKey {
  const { tables, institution } = change;
  const key = billKey(bill);
  if (tables.table('bills').get(key) !== undefined) throw new Error(`bill ${key} exists already`);
  tables.table('bills').put(key, bill);
  tables.table('bill-states').put(key, NEW_STATE);
  tables.table('bills-by-day').put(`${institution}|${bill.businessDate}|${key}`, '');
  const sequence = `${String(bill.generation).padStart(6, '0')}|${bill.kind}`;
  tables.table('bills-by-business').put(`${institution}|${bill.busNo}|${sequence}`, key);
  const { card, payer, visit } = bill.content;
  for (const person of new Set([card.number, payer.code, visit.patientNumber])) {
    if (person !== '')
      tables.table('bills-by-person').put(`${institution}|${tables.nameOf(person)}|${key}`, '');
  }
  tables.table('unsigned').put(unsignedKey(bill), key);
  return key;
}
