/** Every method of the vendor's table: what is asked, in this order, and what is answered. */
import { issueBody } from './vendor.ts';

export const PAPER = '61060199';
/** What earlier lines of the table were answered, by the name that they were given. */
export type Named = Record<string, Record<string, string>>;

type Line = [
  as: string,
  method: string,
  body: object | ((named: Named) => object),
  result: string,
  answer?: object | RegExp,
];

/** The bill that a line issued, as other calls name it. */
const of = (as: string, more: object = {}) => {
  return (named: Named) => {
    const { billBatchCode, billNo, random } = named[as]!;
    return { billBatchCode, billNo, random, ...more };
  };
};
const AT = { placeCode: 'outpatient', operator: 'C01', busDateTime: '20261122100000000' };
const RED = { ...AT, reason: '退费' };
/** Red-lettered the day after, by somebody else at another point. */
const ELSEWHERE = {
  busDateTime: '20261123100000000',
  operator: '王五',
  placeCode: 'inpatient',
};
const NEXT_DAY = { busBgnDate: '20261123', busEndDate: '20261123' };
const paper = (pBillNo: string) => ({ pBillBatchCode: PAPER, pBillNo, author: '张三', ...AT });
export const DAYS = { busBgnDate: '20261122', busEndDate: '20261122' };
const BILL = {
  billNo: /^\d{10}$/,
  random: /^[0-9a-f]{6}$/,
  createTime: /^\d{17}$/,
  pictureUrl: /e-bill/,
  pictureNetUrl: /e-bill/,
  billQRCode: /^iVBOR/,
};
const INPATIENT = {
  busType: '01',
  placeCode: 'inpatient',
  hospitalNo: 'Z01',
  inHospitalDate: '2026-11-01',
  outHospitalDate: '2026-11-22',
};
const old = {
  category: '内科',
  patientCategory: 'NK',
  patientCategoryCode: undefined,
  consultationDate: '2026-11-22',
  totalAmt: '12.340000',
};
/** An inpatient bill over 12.34 that uses the deposit up by each of the amounts, the rest in cash. */
const stay = (busNo: string, cash: string, ...amounts: string[]) => {
  return (named: Named) => {
    const { billBatchCode: voucherBatchCode, billNo: voucherNo } = named['deposit']!;
    const paymentVoucher = amounts.map((voucherAmt) => ({
      voucherBatchCode,
      voucherNo,
      voucherAmt,
    }));
    const payChannelDetail = [{ payChannelCode: '02', payChannelValue: cash }];
    return issueBody(busNo, { ...INPATIENT, paymentVoucher, payChannelDetail });
  };
};
const notice = (noticeType: string) => ({ noticeList: [{ noticeType, noticeValue: 'a@b.cn' }] });

/** No method of the vendor's: the payer's unit books the bill. */
export const BOOKED = '(booked)';

export const TABLE: Line[] = [
  [
    'bill',
    'invoiceEBillOutpatient',
    issueBody('T1'),
    'S0000',
    { ...BILL, billBusDate: '20261122093000123' },
  ],
  ['same', 'invoiceEBillOutpatient', issueBody('T1'), 'S0000', { billNo: '0000000001' }],
  ['old', 'invoiceEBillOutpatient', issueBody('T2', old), 'S0000', BILL],
  ['', 'invoiceEBillOutpatient', issueBody('T1', { payer: '王五' }), 'E-busNo-used', /业务流水号/],
  [
    '',
    'invoiceEBillOutpatient',
    issueBody('X1', { totalAmt: '12.35' }),
    'E-content-does-not-add-up',
    /channels/,
  ],
  ['', 'invoiceEBillOutpatient', issueBody('X1', { totalAmt: '一元' }), 'E-bad-field', /totalAmt/],
  [
    '',
    'invoiceEBillOutpatient',
    issueBody('X1', { busDateTime: '' }),
    'E-bad-field',
    /busDateTime/,
  ],
  ['', 'invoiceEBillOutpatient', issueBody('X1', { payee: '' }), 'E-bad-field', /payee/],
  ['', 'invoiceEBillOutpatient', issueBody('X1', { cardNo: '' }), 'E-bad-field', /cardNo/],
  ['', 'invoiceEBillOutpatient', issueBody('X1', { listDetail: [] }), 'E-bad-field', /listDetail/],
  [
    '',
    'invoiceEBillOutpatient',
    issueBody('X1', { busDateTime: '20260230250000000' }),
    'E-bad-field',
    /busDateTime/,
  ],
  [
    '',
    'invoiceEBillOutpatient',
    issueBody('X1', { consultationDate: '2026-13-40' }),
    'E-bad-field',
    /consultationDate/,
  ],
  [
    '',
    'invoiceEBillOutpatient',
    issueBody('X1', { payChannelDetail: [{ payChannelCode: '7', payChannelValue: '12.34' }] }),
    'E-unknown-channel',
  ],
  ['', 'invoicePayMentVoucher', issueBody('X1'), 'E-business-type-not-of-method', /02/],
  ['', 'invEBillHospitalized', issueBody('X1'), 'E-business-type-not-of-method'],
  [
    '',
    'invoiceEBillOutpatient',
    issueBody('X1', { placeCode: 'nowhere' }),
    'E-unknown-point',
    /开票点不存在/,
  ],
  ['', 'invoiceEBillOutpatient', issueBody('X1', { busType: '77' }), 'E-unknown-business-type'],
  [
    '',
    'invoiceEBillOutpatient',
    issueBody('T9', { retrievalReference: '1' }),
    'E-payment-not-seen',
    /尚未收到/,
  ],
  ['', 'invEBillRegistration', issueBody('T3', { busType: '' }), 'S0000', BILL],
  [
    'deposit',
    'invoicePayMentVoucher',
    issueBody('D1', { ...INPATIENT, busType: '07' }),
    'S0000',
    BILL,
  ],
  [
    'unused',
    'invoicePayMentVoucher',
    issueBody('D2', { ...INPATIENT, busType: '07' }),
    'S0000',
    BILL,
  ],
  ['', 'cancelPayMentVoucherBalance', of('bill'), 'E-unknown-deposit'],
  ['', 'writeOffPayMentVoucher', of('bill', RED), 'E-unknown-deposit'],
  ['', 'writeOffEBill', of('unused', RED), 'E-is-a-deposit'],
  ['stay', 'invEBillHospitalized', stay('T4', '2.34', '10.00'), 'S0000', BILL],
  ['', 'invEBillHospitalized', stay('T6', '9.94', '1.20', '1.20'), 'E-deposit-too-low', /T6/],
  ['', 'invEBillHospitalized', stay('T6', '10.34', '1.00', '1.00'), 'S0000', BILL],
  [
    '',
    'cancelPayMentVoucherBalance',
    of('deposit'),
    'S0000',
    { balanceAmt: '0.00', cancelledAmt: '0.34' },
  ],
  ['', 'invEBillHospitalized', stay('T7', '12.00', '0.34'), 'E-deposit-too-low'],
  [
    '',
    'writeOffPayMentVoucher',
    of('deposit', { ...RED, placeCode: 'inpatient' }),
    'E-deposit-already-used',
    /预交金/,
  ],
  [
    '',
    'writeOffPayMentVoucher',
    of('unused', { ...RED, placeCode: 'inpatient' }),
    'S0000',
    { eScarletBillNo: /^\d{10}$/ },
  ],
  ['', 'cancelPayMentVoucherBalance', of('unused'), 'E-already-red-lettered'],
  [
    '',
    'invEBillHospitalized',
    issueBody('X2', {
      ...INPATIENT,
      paymentVoucher: [{ voucherBatchCode: 'a', voucherNo: '1', voucherAmt: '12.34' }],
      payChannelDetail: [],
    }),
    'E-unknown-deposit',
  ],
  ['', 'invEBillCheckUp', issueBody('T5', { busType: '05' }), 'S0000', BILL],
  [
    '',
    'getEBillStatesByBillInfo',
    of('bill'),
    'S0000',
    { state: '1', isScarlet: '0', isPrintPaper: '0', totalAmt: '12.34' },
  ],
  [
    '',
    'getEBillStatesByBillInfo',
    { billBatchCode: '61060126', billNo: '9' },
    'E-unknown-bill',
    /没有这张票据/,
  ],
  ['', 'getEBillAccountStatus', of('bill'), 'S0000', { isAccount: '0' }],
  ['', 'getEBillAccountStatus', of('bill', { random: '000000' }), 'E-unknown-bill'],
  ['', BOOKED, of('old'), ''],
  [
    '',
    'getEBillAccountStatus',
    of('old'),
    'S0000',
    { isAccount: '1', accDate: '20261123', accAmt: '12.34' },
  ],
  ['', 'writeOffEBill', of('old', RED), 'E-booked-by-the-payer', /已入账/],
  ['', 'getValidBillBatchCode', AT, 'S0000', { billBatchCodeList: [{ pBillBatchCode: PAPER }] }],
  ['', 'getPaperBillNo', paper(''), 'S0000', { pBillNo: '0000000001' }],
  ['', 'getPaperBillNo', { ...AT, pBillBatchCode: 'none' }, 'E-stock-empty'],
  ['', 'reTurnPaper', of('bill', paper('0000000001')), 'E-not-exchanged'],
  ['', 'turnPaper', of('bill', paper('0000000099')), 'E-paper-not-in-stock'],
  [
    '',
    'turnPaper',
    of('bill', { ...paper('0000000001'), placeCode: 'lobby' }),
    'E-exchange-not-allowed',
    /不办理换开/,
  ],
  ['', 'turnPaper', of('bill', paper('0x1')), 'E-bad-field', /digits/],
  ['', 'turnPaper', of('bill', paper('1')), 'S0000'],
  ['', 'turnPaper', of('bill', paper('0000000002')), 'E-already-exchanged'],
  ['', 'printPaperBill', paper('0000000001'), 'S0000', { billNo: '0000000001' }],
  ['', 'printPaperBill', paper('0000000007'), 'E-unknown-paper'],
  ['', 'reTurnPaper', of('bill', paper('0000000002')), 'S0000'],
  [
    '',
    'getEBillStatesByBillInfo',
    of('bill'),
    'S0000',
    { isPrintPaper: '1', pBillNo: '0000000002' },
  ],
  ['', 'writeOffEBill', of('bill', RED), 'E-paper-must-be-voided-first', /先作废/],
  ['', 'invalidPaper', { ...paper('2'), reason: '退费' }, 'S0000'],
  ['', 'invalidPaper', { ...paper('0000000002'), reason: '退费' }, 'E-already-void'],
  ['', 'invalidPaper', paper('0000000002'), 'E-bad-field', /reason/],
  ['', 'turnPaper', of('stay', paper('0000000003')), 'S0000'],
  ['', 'invalidPayMentVoucherPaper', { ...paper('0000000003'), reason: '污损' }, 'S0000'],
  [
    '',
    'invalidBlankPaper',
    { ...paper(''), pBillNoStart: '0000000004', pBillNoEnd: '0000000005', reason: '污损' },
    'S0000',
  ],
  [
    '',
    'invalidBlankPaper',
    { ...paper(''), pBillNoStart: '0000000004', pBillNoEnd: '0000000004', reason: '污损' },
    'E-numbers-not-free',
  ],
  ['', 'writeOffEBill', of('bill', { ...RED, reason: '' }), 'E-bad-field', /reason/],
  ['', 'writeOffEBill', of('bill', { ...RED, placeCode: 'nowhere' }), 'E-unknown-point'],
  ['', 'writeOffEBill', of('bill', { ...RED, busDateTime: '' }), 'E-bad-field', /busDateTime/],
  [
    'red',
    'writeOffEBill',
    of('bill', { ...RED, ...ELSEWHERE }),
    'S0000',
    { eScarletBillNo: /^\d{10}$/, eScarletRandom: /^[0-9a-f]{6}$/, createTime: /^\d{17}$/ },
  ],
  ['', 'writeOffEBill', of('bill', RED), 'E-already-red-lettered'],
  ['', 'invoiceEBillOutpatient', issueBody('T1'), 'E-written-off', /已按要求冲红/],
  [
    '',
    'writeOffEBill',
    ({ red }) => ({
      ...RED,
      billBatchCode: red!['eScarletBillBatchCode'],
      billNo: red!['eScarletBillNo'],
    }),
    'E-is-a-red-bill',
  ],
  ['', 'getEBillStatesByBillInfo', of('bill'), 'S0000', { state: '2', scarletBillNo: /^\d{10}$/ }],
  ['', 'sendNotice', of('old', notice('1202')), 'S0000'],
  ['', 'sendNotice', of('old', notice('9')), 'E-bad-field', /noticeType/],
  ['', 'sendNotice', of('old', notice('1201')), 'E-bad-field', /noticeValue/],
  ['', 'sendNotice', of('old', { ...notice('1201'), random: '000000' }), 'E-unknown-bill'],
  ['', 'checkTotalData', DAYS, 'S0000', { totalNum: '8', totalAmt: '98.72' }],
  ['', 'checkTotalData', { ...DAYS, placeCode: 'inpatient' }, 'S0000', { totalNum: '4' }],
  ['', 'checkWriteOffData', DAYS, 'S0000', { totalNum: '1', totalAmt: '-12.34' }],
  ['', 'checkWriteOffData', NEXT_DAY, 'S0000', { totalNum: '1', totalAmt: '-12.34' }],
  ['', 'getBillByBusDate', NEXT_DAY, 'S0000', { billList: [{ placeCode: 'inpatient' }] }],
  ['', 'getBillByBusDate', DAYS, 'S0000', { total: 9 }],
  ['', 'getBillByBusDate', { busBgnDate: '2026-11-22' }, 'E-bad-field', /busBgnDate/],
  ['', 'constructor', {}, 'E-unknown-method', /没有这个接口方法/],
  ['', 'checkTotalData', [], 'E-bad-field'],
];
