import { randomUUID } from 'node:crypto';
import t from 'tap';
import { managedItem } from '../../modules/invoicing/managed/sample.ts';
import { adminOf, call, newOperator, send } from '../api/caller.ts';
import { servedFor } from '../support/serve.ts';
import { charge } from './hospital.ts';
import { askSocket, envelope, issueBody, type Opened, opened } from './vendor.ts';

const PAPER = '61060199';
/** What earlier lines of the table were answered, by the name that they were given. */
type Named = Record<string, Record<string, string>>;

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
const paper = (pBillNo: string) => ({ pBillBatchCode: PAPER, pBillNo, author: '张三', ...AT });
const DAYS = { busBgnDate: '20261122', busEndDate: '20261122' };
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
const usedVoucher = (named: Named) => {
  const { billBatchCode: voucherBatchCode, billNo: voucherNo } = named['deposit']!;
  const paymentVoucher = [{ voucherBatchCode, voucherNo, voucherAmt: '10.00' }];
  const payChannelDetail = [{ payChannelCode: '02', payChannelValue: '2.34' }];
  return issueBody('T4', { ...INPATIENT, paymentVoucher, payChannelDetail });
};
const notice = (noticeType: string) => ({ noticeList: [{ noticeType, noticeValue: 'a@b.cn' }] });

/** No method of the vendor's: the payer's unit books the bill. */
const BOOKED = '(booked)';

const TABLE: Line[] = [
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
  ['', 'invoiceEBillOutpatient', issueBody('X1', { payee: '' }), 'E-bad-field', /cashier/],
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
  [
    '',
    'cancelPayMentVoucherBalance',
    of('deposit'),
    'S0000',
    { balanceAmt: '12.34', cancelledAmt: '0.00' },
  ],
  ['stay', 'invEBillHospitalized', usedVoucher, 'S0000', BILL],
  ['', 'cancelPayMentVoucherBalance', of('deposit'), 'S0000', { balanceAmt: '2.34' }],
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
  ['', 'turnPaper', of('bill', paper('0000000001')), 'S0000'],
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
  ['', 'invalidPaper', { ...paper('0000000002'), reason: '退费' }, 'S0000'],
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
  [
    'red',
    'writeOffEBill',
    of('bill', RED),
    'S0000',
    { eScarletBillNo: /^\d{10}$/, eScarletRandom: /^[0-9a-f]{6}$/, createTime: /^\d{17}$/ },
  ],
  ['', 'writeOffEBill', of('bill', RED), 'E-already-red-lettered'],
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
  ['', 'sendNotice', of('old', { ...notice('1201'), random: '000000' }), 'E-unknown-bill'],
  ['', 'checkTotalData', DAYS, 'S0000', { totalNum: '7', totalAmt: '86.38' }],
  ['', 'checkTotalData', { ...DAYS, placeCode: 'inpatient' }, 'S0000', { totalNum: '3' }],
  ['', 'checkWriteOffData', DAYS, 'S0000', { totalNum: '2', totalAmt: '-24.68' }],
  ['', 'getBillByBusDate', DAYS, 'S0000', { total: 9 }],
  ['', 'getBillByBusDate', { busBgnDate: '2026-11-22' }, 'E-bad-field', /busBgnDate/],
  ['', 'constructor', {}, 'E-unknown-method', /没有这个接口方法/],
  ['', 'checkTotalData', [], 'E-bad-field'],
];

const served = await servedFor(t, 'invoice-vendor', { POSP__INVOICING__HIS__TCP__PORT: '0' });
const admin = await adminOf(served);

/** A change by the operator `admin`. */
async function change(method: string, path: string, body: object): Promise<void> {
  const options = { body, idempotencyKey: randomUUID() };
  const { status, text } = await admin(method, `/v1/invoices/${path}`, options);
  if (status !== 200) throw new Error(`${path}: ${text}`);
}

async function ask(method: string, body: object | string, more: object = {}): Promise<Opened> {
  const sent = { body: { ...envelope(body), ...more } };
  const { body: answer } = await send(served, 'POST', `/medical-web/api/medical/${method}`, sent);
  return opened(answer as Record<string, string>);
}

t.before(async () => {
  const range = { medium: 'paper', billCode: PAPER };
  await change('POST', 'stock/received', { ...range, from: 1, to: 9, reference: 'test' });
  await change('POST', 'stock/distributed', { ...range, toHolder: 'outpatient', count: 8 });
  const { value } = managedItem('point', { code: 'lobby', name: '大厅', parent: 'outpatient' });
  await change('PUT', 'managed/point', value);
});

t.test('every method of the vendor’s table, and what stands against it', async (t) => {
  const named: Named = {};
  for (const [as, method, body, result, answer] of TABLE) {
    const sent = typeof body === 'function' ? (body as (named: Named) => object)(named) : body;
    if (method === BOOKED) {
      await book(sent as Record<string, string>);
      continue;
    }
    const got = await ask(method, sent);
    t.equal(got.result, result, `${method}: ${JSON.stringify(got.message)}`);
    if (answer !== undefined) t.match(got.message, answer, method);
    if (as !== '') named[as] = got.message as Record<string, string>;
  }
});

/** The payer's unit has booked the bill. */
async function book({ billBatchCode, billNo }: Record<string, string>): Promise<void> {
  const booking = { date: '20261123', amountFen: 1_234, by: '某单位' };
  await change('POST', `bills/${billBatchCode}/${billNo}/booking`, booking);
}

t.test('the same over the socket; nothing from outside makes it work', async (t) => {
  const port = Number(/"port":(\d+)[^\n]*socket for hospital software/.exec(served.log())?.[1]);
  const laughs =
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>';
  const external = '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>';
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const forged = { sign: '0'.repeat(32) };
  const lines: [
    what: string,
    method: string,
    body: object | string,
    more: object,
    result: string,
  ][] = [
    ['a good question', 'checkTotalData', DAYS, {}, 'S0000'],
    [
      'a refusal',
      'getEBillStatesByBillInfo',
      { billBatchCode: '1', billNo: '2' },
      {},
      'E-unknown-bill',
    ],
    ['a wrong signature', 'checkTotalData', DAYS, forged, 'E0002'],
    ['an unknown application', 'checkTotalData', DAYS, { appid: 'nobody' }, 'E0002'],
    ['no envelope', 'checkTotalData', DAYS, { data: 7 }, 'E0001'],
    ['entity expansion', 'checkTotalData', laughs, {}, 'E0001'],
    ['an external entity', 'checkTotalData', external, {}, 'E0001'],
    ['huge depth', 'checkTotalData', deep, {}, 'E-bad-field'],
  ];
  for (const [what, method, body, more, result] of lines) {
    t.equal((await ask(method, body, more)).result, result, `HTTP: ${what}`);
    const request = JSON.stringify({ method, ...envelope(body), ...more });
    t.equal(opened(await askSocket(port, request)).result, result, `socket: ${what}`);
  }
  for (const request of [laughs, external, deep, '']) {
    t.equal(opened(await askSocket(port, request)).result, 'E0001', request.slice(0, 40));
  }
});

const FIFTEEN =
  '业务日期,开票日期,开票点名称,收费员,患者姓名,业务标识,科室,交费渠道,开票总金额,票据名称,票据代码,票据号码,关联红票号码,关联纸质票号码,状态';
/** By the report's name: its columns, exactly; those of channels are the channels that were used. */
const COLUMNS: Record<string, string> = {
  stock:
    '机构,票据种类,票据代码,期初结余,本期领入,本期分发,本期退回,正票份数,红票份数,作废份数,期末结余,起始号,终止号,预警值,库存',
  detail: FIFTEEN,
  summary: '收费员,业务类别,票据种类,现金,合计,开票份数,冲红份数',
  channels: '单位/开票点,时间段,现金,合计',
  points: FIFTEEN,
  cashiers: FIFTEEN,
};

interface ReportBody {
  columns: { zh: string }[];
  rows: Record<string, string | number>[];
  totals: Record<string, number>;
}

t.test('six reports with their columns, as JSON, XLSX and HTML, within one’s scope', async (t) => {
  const dates = 'from=20000101&to=20991231';
  const report = async (name: string, more = '') => {
    const answer = await call(served, 'GET', `/v1/invoices/reports/${name}?${dates}${more}`);
    return answer.body as unknown as ReportBody;
  };
  for (const [name, columns] of Object.entries(COLUMNS)) {
    const { columns: shown } = await report(name);
    t.equal(shown.map(({ zh }) => zh).join(','), columns, name);
    const path = `/v1/invoices/reports/${name}`;
    const { text } = await call(served, 'GET', `${path}/html?${dates}`);
    t.ok(
      columns.split(',').every((zh) => text.includes(`<th>${zh}</th>`)),
      `${name} as HTML`,
    );
    const xlsx = await call(served, 'GET', `${path}/xlsx?${dates}`);
    t.equal(xlsx.text.slice(0, 2), 'PK', `${name} as XLSX`);
  }
  const detail = await report('detail');
  t.equal(detail.rows.length, 9);
  t.ok(
    detail.rows.every(({ department }) => department === '内科'),
    'both versions of the interface',
  );
  t.equal((await report('detail', '&point=inpatient')).rows.length, 4);
  t.equal((await report('detail', '&busType=05')).rows.length, 1);
  t.equal((await report('detail', '&cashier=nobody')).rows.length, 0);
});

t.test(
  'a cashier works for her own issuing point; items that were used are only disabled',
  async (t) => {
    const issuer = { cashier: 'C09', name: '赵六', user: 'zhao', point: 'inpatient' };
    await change('PUT', 'managed/issuer', managedItem('issuer', issuer).value);
    const line = { code: '03', name: '体检套餐', amountFen: 20_000 };
    const group = { code: 'G1', name: '入院检查', billType: 'inpatient', lines: [line] };
    await change('PUT', 'managed/itemGroup', managedItem('itemGroup', group).value);
    const mapping = { kind: 'channel' as const, external: 'WX', internal: '05' };
    await change('PUT', 'managed/codeMapping', managedItem('codeMapping', mapping).value);
    const wechat = { payChannelDetail: [{ payChannelCode: 'WX', payChannelValue: '12.34' }] };
    t.equal((await ask('invoiceEBillOutpatient', issueBody('M1', wechat))).result, 'S0000');

    const zhao = await newOperator(admin, served, 'zhao', ['cashier']);
    const register = async (busNo: string, pointCode: string, itemGroup = 'G1') => {
      const paid = { totalFen: 20_000, channels: [{ code: '05', amountFen: 20_000 }] };
      const content = charge(busNo, 0, {
        ...paid,
        pointCode,
        cashier: 'C09',
        busType: '01',
        lines: [],
        details: [],
      });
      const options = { body: { content, itemGroup }, idempotencyKey: randomUUID() };
      return zhao('POST', '/v1/invoices/charges', options);
    };
    t.match((await register('G1', 'inpatient')).body, { bills: [{ totalFen: 20_000 }] });
    t.equal((await register('G2', 'outpatient')).status, 403);
    t.equal((await register('G3', 'inpatient', 'none')).status, 404);
    const detail = '/v1/invoices/reports/detail?from=20000101&to=20991231';
    const { rows } = (await zhao('GET', detail)).body as unknown as ReportBody;
    t.equal(rows.length, 5, 'the inpatient point’s rows only');
    t.equal((await zhao('GET', `${detail}&point=outpatient`)).status, 403);
    t.equal((await zhao('GET', `${detail}&point=inpatient`)).status, 200);

    const used = ['point/inpatient', 'issuer/C09', 'itemGroup/G1', 'codeMapping/channel.WX'];
    for (const name of [...used, 'codeMapping/charge.03', 'channel/05', 'category/01']) {
      const options = { idempotencyKey: randomUUID() };
      const { status, body } = await admin('DELETE', `/v1/invoices/managed/${name}`, options);
      t.match({ status, body }, { status: 409, body: { code: 'in_use' } }, name);
    }
  },
);
