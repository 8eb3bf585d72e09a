import { connect } from 'node:net';
import { unzipSync } from 'fflate';
import t from 'tap';
import { until } from '../support/bank.ts';
import { servedFor } from '../support/serve.ts';
import { envelope, issueBody, opened } from './vendor.ts';

/** As interface version 3.1 writes it, with a rounding difference. */
const outpatient = issueBody('V1', {
  category: '内科',
  patientCategory: 'NK',
  patientCategoryCode: undefined,
  consultationDate: '2026-11-22',
  chargeDetail: [{ sortNo: 1, chargeCode: '03', chargeName: '检查费', amt: '12.33' }],
  listDetail: [
    { chargeCode: '03', name: '<b>心电图</b>', std: '12.3300', number: '1', amt: '12.3300' },
  ],
});

t.test('old hospital software, and the pages of the bill that it gets', async (t) => {
  const served = await servedFor(t, 'invoice-pages', { POSP__INVOICING__HIS__TCP__PORT: '0' });
  const base = `http://127.0.0.1:${served.httpPort}`;
  const call = async (method: string, body: object, change: Record<string, string> = {}) => {
    const response = await fetch(`${base}/medical-web/api/medical/${method}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...envelope(body), ...change }),
    });
    return (await response.json()) as Record<string, string>;
  };
  const ask = async (method: string, body: object) => opened(await call(method, body));

  const issued = await ask('invoiceEBillOutpatient', outpatient);
  t.equal(issued.result, 'S0000', String(issued.message));
  const bill = issued.message as Record<string, string>;
  t.match(bill, {
    billNo: '0000000001',
    random: /^[0-9a-f]{6}$/,
    billBusDate: '20261122093000123',
  });
  t.equal(Buffer.from(bill['billQRCode']!, 'base64').toString('latin1', 1, 4), 'PNG');
  const again = await ask('invoiceEBillOutpatient', outpatient);
  t.match(again.message, { billNo: '0000000001' }, 'the same busNo is the same bill');
  t.equal(
    (await ask('invoiceEBillOutpatient', { ...outpatient, totalAmt: '99.99' })).result.slice(0, 2),
    'E-',
  );
  const name = { billBatchCode: bill['billBatchCode'], billNo: bill['billNo'] };
  t.match((await ask('getEBillStatesByBillInfo', name)).message, { state: '1', isScarlet: '0' });
  t.match((await ask('getEBillAccountStatus', name)).message, { isAccount: '0' });
  t.equal((await ask('nothing', {})).result, 'E-unknown-method');
  const forged = await call('getEBillStatesByBillInfo', name, { sign: '0'.repeat(32) });
  const inner = JSON.parse(Buffer.from(forged['data']!, 'base64').toString('utf8'));
  t.equal(inner.result, 'E0002', 'a wrong signature');
  const dates = { busBgnDate: '20261122', busEndDate: '20261122' };
  t.match((await ask('checkTotalData', dates)).message, { totalNum: '1', totalAmt: '12.34' });
  t.match((await ask('getBillByBusDate', dates)).message, { total: 1 });

  const query = `c=${bill['billBatchCode']}&n=${bill['billNo']}&k=${bill['random']}`;
  const page = await (await fetch(`${base}/e-bill?${query}`)).text();
  t.match(page, /12\.34/);
  t.notMatch(page, /610621199001011234/, 'identity numbers are masked');
  t.match(page, /误差费/, 'the rounding difference is a line of its own');
  const five = `code=${bill['billBatchCode']}&number=${bill['billNo']}&check=${bill['random']}`;
  const date = bill['createTime']!.slice(0, 8);
  const verified = await fetch(`${base}/e-bill/verify?${five}&date=${date}&amount=12.34`);
  t.match(await verified.text(), /正常/);
  const printed = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  for (let time = 0; time < 6; time++) {
    const asPrinted = await fetch(`${base}/e-bill/verify?${five}&date=${printed}&amount=%2012.34`);
    t.match(await asPrinted.text(), /正常/, 'as the face prints it: no wrong guess');
  }

  const original = async () => {
    return Buffer.from(await (await fetch(`${base}/e-bill/xml?${query}`)).arrayBuffer());
  };
  await until(async () => (await original()).includes('<EInvoice>'), 'the bill is signed');
  const pdf = async () =>
    Buffer.from(await (await fetch(`${base}/e-bill/pdf?${query}`)).arrayBuffer());
  const [first, second] = [await pdf(), await pdf()];
  t.equal(first.subarray(0, 5).toString(), '%PDF-');
  t.ok(first.equals(second), 'the same bytes again');
  const xml = await original();
  t.match(
    xml.toString(),
    /^<\?xml version="1\.0" encoding="UTF-8"\?><EInvoice><Header><EInvoiceID>/,
  );
  t.match(xml.toString(), /&lt;b&gt;心电图&lt;\/b&gt;/, 'what the HIS wrote stays text');
  const ofd = unzipSync(
    new Uint8Array(await (await fetch(`${base}/e-bill/ofd?${query}`)).arrayBuffer()),
  );
  t.ok(Buffer.from(ofd['Doc_0/Attachs/original.xml']!).equals(xml), 'the OFD holds the original');
  t.ok(ofd['OFD.xml'] && ofd['Doc_0/Document.xml'] && ofd['Doc_0/Pages/Page_0/Content.xml']);

  const wrong = async (k: string) =>
    (await fetch(`${base}/e-bill?${query.replace(/k=.*/, `k=${k}`)}`)).text();
  const unknown = await (await fetch(`${base}/e-bill?c=99060126&n=0000000009&k=abcdef`)).text();
  t.equal(await wrong('zzzzzz'), unknown, 'a wrong guess looks like an unknown bill');
  for (let guess = 0; guess < 5; guess++) await wrong(`00000${guess}`);
  t.equal(
    await wrong(bill['random']!),
    unknown,
    'after some guesses even the right code is silent',
  );

  const guess = async (path: string) => (await fetch(`${base}/e-bill/${path}`)).text();
  const silence = await guess('verify?code=9&number=9&check=abcdef&date=20260101&amount=1.00');
  const right = `${five}&date=${date}&amount=12.34`;
  t.equal(await guess(`verify?${right}`), silence, 'the lock is for every page');
  t.equal(await guess(`pdf?${query}`), unknown, 'and for the files');
  for (let at = 0; at < 20; at++) await guess(`verify?code=${at}&number=1&check=000000`);
  const other = await ask('invoiceEBillOutpatient', { ...outpatient, busNo: 'V2' });
  const fresh = other.message as Record<string, string>;
  const page2 = `c=${fresh['billBatchCode']}&n=${fresh['billNo']}&k=${fresh['random']}`;
  t.equal(
    await (await fetch(`${base}/e-bill?${page2}`)).text(),
    unknown,
    'who guessed too often is answered no more',
  );

  const red = await ask('writeOffEBill', {
    ...name,
    reason: '退费',
    operator: 'C01',
    busDateTime: '20261122100000000',
    placeCode: 'outpatient',
  });
  t.match(red.message, { eScarletBillNo: '0000000003' });
  t.match((await ask('getEBillStatesByBillInfo', name)).message, { state: '2' });
  t.match((await ask('checkWriteOffData', dates)).message, { totalNum: '1', totalAmt: '-12.34' });
});

t.test('the socket closes on what is no request', async (t) => {
  const { serveTcpGateway } = await import('../../modules/invoicing/his/tcp-gateway.ts');
  const gateway = await serveTcpGateway('127.0.0.1', 0, async (text) => text.toUpperCase());
  t.teardown(() => gateway.close());
  const exchange = (sent: string) =>
    new Promise<string>((done) => {
      const socket = connect(gateway.port, '127.0.0.1');
      let got = '';
      socket.on('data', (chunk) => {
        got += chunk.toString();
        if (got.length >= 11) socket.destroy();
      });
      socket.on('close', () => done(got));
      socket.on('error', () => {});
      socket.write(sent);
    });
  t.equal(await exchange('00000003abc'), '00000003ABC');
  t.equal(await exchange('hello world'), '', 'no length');
  t.equal(await exchange('99999999abc'), '', 'a length that nobody needs');
});
