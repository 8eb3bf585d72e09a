/**
 * The vendor's methods on our desk, one line each in `METHODS`. Names of methods and fields are the
 * vendor's; what they do is what the rest of invoicing does.
 */

import type { PUSH_CHANNELS } from '../act/push.ts';
import { yuanText } from '../bill/amount.ts';
import { type PaperName, totalFenOf } from '../bill/bill.ts';
import type { FoundBill } from '../queries.ts';
import { type Desk, InvoicingRefused } from '../requests.ts';
import { numberText } from '../stock/holding.ts';
import { billAnswer, found, nameOf, unknownBill } from './bills.ts';
import { type Body, requiredText, rowsOf, textOf } from './fields.ts';
import { cancelBalance, issueAs, type Method, writeOff } from './issuing.ts';

/** The methods by their names in the vendor's address. */
export const METHODS: Record<string, Method> = {
  invEBillRegistration: issueAs('06'),
  invoiceEBillOutpatient: issueAs('02', '03', '04'),
  invEBillHospitalized: issueAs('01'),
  invEBillCheckUp: issueAs('05'),
  invoicePayMentVoucher: issueAs('07', '08'),
  writeOffEBill: (body, desk) => writeOff(body, desk, false),
  writeOffPayMentVoucher: (body, desk) => writeOff(body, desk, true),
  cancelPayMentVoucherBalance: cancelBalance,
  getEBillStatesByBillInfo: states,
  getEBillAccountStatus: accountStatus,
  getValidBillBatchCode: validPaperCodes,
  getPaperBillNo: nextPaper,
  turnPaper: (body, desk) => turnPaper('exchange', body, desk),
  reTurnPaper: (body, desk) => turnPaper('re-exchange', body, desk),
  invalidPaper,
  invalidPayMentVoucherPaper: invalidPaper,
  invalidBlankPaper,
  printPaperBill,
  sendNotice,
  checkTotalData: (body, desk) => totals(body, desk, 'normal'),
  checkWriteOffData: (body, desk) => totals(body, desk, 'red'),
  getBillByBusDate: billsByDate,
};

/** Runs a method for a caller who was checked. Throws InvoicingRefused. */
export function callMethod(name: string, body: unknown, desk: Desk): Promise<unknown> {
  if (!Object.hasOwn(METHODS, name)) {
    throw new InvoicingRefused('unknown-method', `there is no method ${name}`);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new InvoicingRefused('bad-field', 'the business body is an object');
  }
  return METHODS[name]!(body as Body, desk);
}

async function states(body: Body, desk: Desk): Promise<unknown> {
  const { bill, state } = found(nameOf(body), desk);
  const red = state.redBill;
  return {
    billBatchCode: bill.billCode,
    billNo: bill.billNumber,
    random: bill.checkCode,
    billName: bill.name,
    totalAmt: yuanText(totalFenOf(bill)),
    state: state.state === 'issued' ? '1' : '2',
    isScarlet: bill.kind === 'red' ? '1' : '0',
    isPrintPaper: state.paper === null ? '0' : '1',
    pBillBatchCode: state.paper?.paperCode ?? '',
    pBillNo: state.paper?.paperNumber ?? '',
    scarletBillBatchCode: red?.billCode ?? '',
    scarletBillNo: red?.billNumber ?? '',
  };
}

async function accountStatus(body: Body, desk: Desk): Promise<unknown> {
  const { bill, state } = found(nameOf(body), desk);
  const random = textOf(body, 'random');
  if (random !== '' && random !== bill.checkCode) throw unknownBill();
  return {
    isAccount: state.booked === null ? '0' : '1',
    accDate: state.booked?.date ?? '',
    accAmt: state.booked === null ? '' : yuanText(state.booked.amountFen),
  };
}

async function validPaperCodes(body: Body, { queries, institution }: Desk): Promise<unknown> {
  const place = textOf(body, 'placeCode');
  const codes = queries
    .holdings(institution)
    .filter(({ medium, holder, free }) => medium === 'paper' && holder === place && free.length > 0)
    .map(({ billCode }) => ({ pBillBatchCode: billCode }));
  return { billBatchCodeList: codes };
}

async function nextPaper(body: Body, { queries, institution }: Desk): Promise<unknown> {
  const [place, code] = [textOf(body, 'placeCode'), textOf(body, 'pBillBatchCode')];
  const holding = queries.holdings(institution).find(({ medium, holder, billCode }) => {
    return medium === 'paper' && holder === place && billCode === code;
  });
  const next = holding?.free[0];
  if (next === undefined) throw new InvoicingRefused('stock-empty', `paper ${code}`);
  return { pBillBatchCode: code, pBillNo: numberText(next[0]) };
}

async function turnPaper(
  kind: 'exchange' | 're-exchange',
  body: Body,
  desk: Desk,
): Promise<unknown> {
  await desk.ask(kind, {
    ...nameOf(body),
    ...desk.newPaper(paperOf(body)),
    pointCode: requiredText(body, 'placeCode'),
    operator: requiredText(body, 'operator'),
  });
  return {};
}

async function invalidPaper(body: Body, desk: Desk): Promise<unknown> {
  const place = {
    pointCode: requiredText(body, 'placeCode'),
    reason: requiredText(body, 'reason'),
  };
  await desk.ask('paper-voided', { ...desk.knownPaper(paperOf(body)), ...place });
  return {};
}

/** 空白票报损: a range that was spoiled before anything was printed on it. */
async function invalidBlankPaper(body: Body, desk: Desk): Promise<unknown> {
  const paperCode = textOf(body, 'pBillBatchCode');
  const [from, to] = ['pBillNoStart', 'pBillNoEnd'].map((name) => {
    return Number(desk.newPaper({ paperCode, paperNumber: textOf(body, name) }).paperNumber);
  }) as [number, number];
  await desk.ask('numbers-voided', {
    medium: 'paper',
    billCode: paperCode,
    from,
    to,
    holder: requiredText(body, 'placeCode'),
    reason: requiredText(body, 'reason'),
  });
  return {};
}

async function printPaperBill(body: Body, desk: Desk): Promise<unknown> {
  const paper = desk.queries.paper(desk.knownPaper(paperOf(body)));
  if (paper === null || paper.institution !== desk.institution) {
    throw new InvoicingRefused('unknown-paper', 'pBillBatchCode, pBillNo');
  }
  return billAnswer(desk.queries.billByKey(paper.bill)!, desk);
}

/** 1201 SMS, 1202 mail, and what an address of each looks like. */
const NOTICE_CHANNELS: Record<string, { channel: (typeof PUSH_CHANNELS)[number]; like: RegExp }> = {
  '1201': { channel: 'sms', like: /^1\d{10}$/ },
  '1202': { channel: 'mail', like: /^[^\s@]+@[^\s@]+$/ },
};

async function sendNotice(body: Body, desk: Desk): Promise<unknown> {
  const { bill } = found(nameOf(body), desk);
  if (textOf(body, 'random') !== bill.checkCode) throw unknownBill();
  const notices = rowsOf(body, 'noticeList').map((row) => {
    const type = NOTICE_CHANNELS[textOf(row, 'noticeType')];
    if (type === undefined) throw new InvoicingRefused('bad-field', 'noticeType');
    const address = requiredText(row, 'noticeValue');
    if (!type.like.test(address)) throw new InvoicingRefused('bad-field', 'noticeValue');
    return { channel: type.channel, address };
  });
  if (notices.length === 0) throw new InvoicingRefused('bad-field', 'noticeList');
  for (const notice of notices) await desk.ask('notice', { ...nameOf(body), ...notice });
  return {};
}

async function totals(body: Body, desk: Desk, kind: 'normal' | 'red'): Promise<unknown> {
  let count = 0;
  let sumFen = 0;
  for (const { bill } of billsOfTime(body, desk)) {
    if (bill.kind !== kind) continue;
    count++;
    sumFen += totalFenOf(bill);
  }
  return { totalNum: String(count), totalAmt: yuanText(sumFen) };
}

async function billsByDate(body: Body, desk: Desk): Promise<unknown> {
  const bills = [...billsOfTime(body, desk)].map(({ bill, state }) => ({
    busNo: bill.busNo,
    busDateTime: bill.handled.busDateTime,
    placeCode: bill.handled.pointCode,
    billName: bill.name,
    billBatchCode: bill.billCode,
    billNo: bill.billNumber,
    random: bill.checkCode,
    totalAmt: yuanText(totalFenOf(bill)),
    ivcDateTime: `${bill.issueDate}${bill.issueTime.replaceAll(':', '')}000`,
    dataType: bill.kind === 'red' ? '2' : '1',
    state: state.state === 'issued' ? '1' : '2',
    relateBillBatchCode: bill.original?.billCode ?? '',
    relateBillNo: bill.original?.billNumber ?? '',
  }));
  return { total: bills.length, billList: bills };
}

/** `busBgnDate` to `busEndDate`, by the HIS's business time. */
function* billsOfTime(body: Body, { queries, institution }: Desk): Iterable<FoundBill> {
  const from = textOf(body, 'busBgnDate');
  const to = textOf(body, 'busEndDate');
  if (!/^\d{8,17}$/.test(from) || !/^\d{8,17}$/.test(to)) {
    throw new InvoicingRefused('bad-field', 'busBgnDate and busEndDate are yyyyMMdd…');
  }
  const place = textOf(body, 'placeCode');
  // A bill is issued after its business; a clock of the HIS that is ahead has the month's room.
  const dates = { from: `${from.slice(0, 6)}00`, to: '99999999' };
  for (const found of queries.billsOfDays(institution, dates)) {
    const { busDateTime, pointCode } = found.bill.handled;
    if (busDateTime < from || busDateTime > to.padEnd(17, '9')) continue;
    if (place === '' || pointCode === place) yield found;
  }
}

function paperOf(body: Body): PaperName {
  return { paperCode: textOf(body, 'pBillBatchCode'), paperNumber: textOf(body, 'pBillNo') };
}
