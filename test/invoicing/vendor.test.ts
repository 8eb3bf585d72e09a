import { randomUUID } from 'node:crypto';
import t from 'tap';
import { managedItem } from '../../modules/invoicing/managed/sample.ts';
import { adminOf, call, newOperator, send } from '../api/caller.ts';
import { servedFor } from '../support/serve.ts';
import { charge } from './hospital.ts';
import { askSocket, envelope, issueBody, type Opened, opened } from './vendor.ts';
import { BOOKED, DAYS, type Named, PAPER, TABLE } from './vendor-table.ts';

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
  const path = `bills/${billBatchCode}/${billNo}/booking`;
  for (const wrong of [{ date: '20261399' }, { amountFen: 999_999 }]) {
    await t.rejects(change('POST', path, { ...booking, ...wrong }), /invalid|amount_differs/);
  }
  await change('POST', path, booking);
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
  summary: '收费员,业务类别,票据种类,现金,使用预交金,合计,开票份数,冲红份数',
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
  t.equal(detail.rows.length, 10);
  t.ok(
    detail.rows.every(({ department }) => department === '内科'),
    'both versions of the interface',
  );
  t.equal((await report('detail', '&point=inpatient')).rows.length, 6);
  t.equal((await report('detail', '&busType=05')).rows.length, 1);
  t.equal((await report('detail', '&cashier=nobody')).rows.length, 0);
  t.match((await report('detail', '&cashier=%E7%8E%8B%E4%BA%94')).rows, [
    { state: '红票', totalFen: -1_234 },
  ]);
  const nowhen = '/v1/invoices/reports/detail?from=20261301&to=20991231';
  t.equal((await call(served, 'GET', nowhen)).status, 400, 'no such day');
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
    const register = async (busNo: string, pointCode: string, itemGroup = 'G1', name = '李四') => {
      const paid = { totalFen: 20_000, channels: [{ code: '05', amountFen: 20_000 }] };
      const content = charge(busNo, 0, {
        ...paid,
        pointCode,
        cashier: 'C09',
        busType: '01',
        payer: { name },
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
    t.equal(rows.length, 7, 'the inpatient point’s rows only');
    t.equal((await zhao('GET', `${detail}&point=outpatient`)).status, 403);
    t.equal((await zhao('GET', `${detail}&point=inpatient`)).status, 200);

    const used = ['point/inpatient', 'issuer/C09', 'itemGroup/G1', 'codeMapping/channel.WX'];
    for (const name of [...used, 'codeMapping/charge.03', 'channel/05', 'category/01']) {
      const options = { idempotencyKey: randomUUID() };
      const { status, body } = await admin('DELETE', `/v1/invoices/managed/${name}`, options);
      t.match({ status, body }, { status: 409, body: { code: 'in_use' } }, name);
    }

    const odd = await register('F1', 'inpatient', 'G1', '𠮷田');
    t.strictSame(odd.body['warnings'], ['characters-not-in-font: 𠮷'], 'boxes on the PDF');
    const [{ billCode, billNumber }] = (await register('Q/1|2', 'inpatient')).body[
      'bills'
    ] as never as [Record<string, string>];
    const pdf = () => call(served, 'GET', `/v1/invoices/bills/${billCode}/${billNumber}/pdf`);
    const { text: before } = await pdf();
    const [unit] = (await admin('GET', '/v1/invoices/managed/unit')).body['rows'] as never as [
      { value: object },
    ];
    const moved = { ...unit.value, pageAddress: 'https://elsewhere.example.cn' };
    await change('PUT', 'managed/unit', moved);
    t.equal((await pdf()).text, before, 'a bill’s file does not follow later settings');
    const { body: asked } = await call(served, 'GET', '/v1/invoices/charges?busNo=Q%2F1%7C2');
    t.match(asked, { busNo: 'Q/1|2', bills: [{ billNumber }] }, 'a slash in the number');

    const atCheckIn = { busType: '06', name: '挂号', billType: 'outpatient', issueAt: 'check-in' };
    await change('PUT', 'managed/category', atCheckIn);
    const register06 = () => ask('invEBillRegistration', issueBody('R1', { busType: '06' }));
    t.match(await register06(), { result: 'E-not-checked-in', message: /签到取号后开票/ });
    const key = { idempotencyKey: randomUUID() };
    const checkedIn = await admin('POST', '/v1/invoices/charges/R1/check-in', key);
    t.match(checkedIn.body, { reason: '', bills: { length: 1 } });
    t.equal((await register06()).result, 'S0000', 'the category says when the bill is due');
  },
);
