/** Two days of a hospital: parameters by API, netting, pay-outs, files, versions, damage. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { readSheet } from 'read-excel-file/node';
import t from 'tap';
import { verifyByManifest } from '../../modules/clearing/verify.ts';
import { UNIONPAY_COM } from '../../protocols/records/layouts.ts';
import { readRecords } from '../../protocols/records/reader.ts';
import { adminOf, call } from '../api/caller.ts';
import { CARD, INPATIENT, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { type Served, servedFor } from '../support/serve.ts';

async function pay(served: Served, terminalId: string, amounts: number[]): Promise<void> {
  const terminal = new OutsideTerminal(terminalId, OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  for (const amountFen of amounts) await terminal.ask(terminal.purchase(CARD.good, amountFen));
  terminal.disconnect();
}

interface Cleared {
  date: string;
  version: number;
  matchesLedger: boolean;
  files: { path: string; totalFen: number }[];
  payOuts: { merchantId: string; state: string; amountFen: number; balanceFen: number }[];
}

async function clear(served: Served, date?: string): Promise<Cleared> {
  const wanted = date === undefined ? [] : ['--date', date];
  const ran = await posp(['clearing', 'run', ...wanted, '--data', served.dataDir, '--json']);
  if (ran.code !== 0) throw new Error(ran.stderr + ran.stdout);
  return documentOf(ran) as unknown as Cleared;
}

/** Empty, or what the schema says against the file. */
function faultsOf(path: string): string {
  const name = path.includes('pain001') ? 'pain.001.001.09' : 'camt.053.001.08';
  const schema = XmlDocument.fromBuffer(readFileSync(`test/fixtures/clearing/${name}.xsd`));
  const validator = XsdValidator.fromDoc(schema);
  const document = XmlDocument.fromBuffer(readFileSync(path));
  try {
    validator.validate(document);
    return '';
  } catch (error) {
    return (error as Error).message;
  } finally {
    document.dispose();
    validator.dispose();
    schema.dispose();
  }
}

const payee = {
  name: '=示例医院',
  account: '6222000000000001',
  bankName: '示例银行',
  bankCode: '102100099996',
};
const terms = {
  fee: { rateMicros: 10_000, minFen: 0, capFen: 0, perItemFen: 1, refundReturnsFee: true },
  channelFees: {},
  cycle: 'D+1',
  minimumPayOutFen: 5_000,
  reserveFen: 100,
  isHeld: false,
  payee,
};

t.test('two days', async (t) => {
  const drop = t.testdir();
  const served = await servedFor(t, 'pay-outs', { POSP__CLEARING__DROP__FOLDER: drop });
  const admin = await adminOf(served);
  const put = (body: unknown, key: string) =>
    admin('PUT', `/v1/clearing/terms/${OUTPATIENT}`, { body, idempotencyKey: key });
  t.match(await put({ ...terms, cycle: 'T+9' }, 'wrong'), { status: 400 });
  t.match(await put(terms, 'terms'), { status: 200 });

  await pay(served, '10000001', [1_000]);
  const first = await clear(served);
  // 1 % and a fen: 11. Of 989 fen 100 are kept back, and 889 are less than the minimum of 5,000.
  t.match(first.payOuts[0], { state: 'below-minimum', balanceFen: 989, amountFen: 0 });
  t.match(first.payOuts[1], { state: 'nothing-due', balanceFen: 0 });
  t.notOk(
    first.files.some(({ path }) => path.includes('pain001')),
    'no empty message to the bank',
  );

  await pay(served, '10000002', [10_000, 20_000]);
  const second = await clear(served);
  const netFen = 30_000 - 101 - 201;
  t.match(second.payOuts[0], {
    state: 'instructed',
    balanceFen: 989 + netFen,
    amountFen: 889 + netFen,
  });
  t.equal(second.matchesLedger, true);
  t.equal(second.version, 1);

  const named = (part: string) =>
    second.files.find(({ path }) => basename(path).includes(part))!.path;
  await t.test('ISO 20022', async (t) => {
    for (const { path } of second.files.filter(({ path }) => path.endsWith('.xml'))) {
      t.equal(faultsOf(path), '', basename(path));
    }
    const message = readFileSync(named('pain001'), 'utf8');
    t.match(message, `<InstdAmt Ccy="CNY">${((889 + netFen) / 100).toFixed(2)}</InstdAmt>`);
    t.match(message, `<MmbId>${payee.bankCode}</MmbId>`);
    const broken = join(t.testdir(), 'pain001.xml');
    writeFileSync(broken, message.replace('<PmtMtd>TRF', '<PmtMtd>CASH'));
    t.match(faultsOf(broken), /PmtMtd/, 'the schema does refuse');
  });

  await t.test('fixed width, CSV and XLSX', async (t) => {
    const com = readRecords(UNIONPAY_COM, readFileSync(named(`com-${second.date}-${OUTPATIENT}`)));
    t.match(com.details, [
      { amountFen: 10_000, merchantId: OUTPATIENT, interchangePayable: 'D00000000101' },
      { amountFen: 20_000 },
    ]);
    const csv = readFileSync(named(`pay-outs-${second.date}.csv`), 'utf8');
    t.match(csv, "'=示例医院", 'a name that is a formula is a text');
    const netting = readFileSync(named('netting'), 'utf8');
    t.match(netting, `${OUTPATIENT},示例医院门诊,outpatient,one-card,2,300.00,0.00,3.02,296.98`);
    const sheet = await readSheet(named('.xlsx'), '出款');
    t.match(sheet[1], [OUTPATIENT, '已指令']);
    t.equal(sheet[1]?.[5], '=示例医院', 'a text there, and no formula');
  });

  const folder = join(served.dataDir, 'clearing', second.date);
  const manifest = join(folder, `manifest-${second.date}.json`);
  const names = readdirSync(folder).sort();
  const before = names.map((name) => readFileSync(join(folder, name)).toString('hex'));
  await t.test('the same bytes again, also after the parameters changed', async (t) => {
    t.match(await put({ ...terms, isHeld: true, fee: { ...terms.fee, rateMicros: 99 } }, 'held'), {
      status: 200,
    });
    const again = await clear(served, second.date);
    t.equal(again.version, 1);
    t.strictSame(readdirSync(folder).sort(), names);
    t.strictSame(
      names.map((name) => readFileSync(join(folder, name)).toString('hex')),
      before,
    );
  });

  await t.test('sealed', async (t) => {
    const verify = (path: string) =>
      posp(['clearing', 'verify', path, '--data', served.dataDir, '--json']);
    for (const { path } of second.files) {
      t.equal(verifyByManifest(path).files.length, 1, basename(path));
    }
    t.equal((await verify(named('summary'))).code, 0, 'a file of our own');
    t.equal((await verify(manifest)).code, 0, 'the manifest and all that it names');
    const path = named('netting');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('300.00', '300.01'));
    t.match(documentOf(await verify(path))['problem'], /was changed/);
    t.match(documentOf(await verify(manifest))['problem'], /netting/);
    const answer = await admin('GET', `/v1/clearing/days/${second.date}/files/${basename(path)}`);
    t.match(answer, { status: 409, body: { code: 'file_changed' } }, 'nor is it handed out');
    writeFileSync(path, text);
    const sealed = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, sealed.replace('"version": 1', '"version": 2'));
    t.match(documentOf(await verify(manifest))['problem'], /signature/);
    writeFileSync(manifest, sealed);
  });

  await t.test('by API', async (t) => {
    const days = await call(served, 'GET', '/v1/clearing/days');
    t.match(days.body['items'], [
      { date: second.date, versions: [{ version: 1 }] },
      { date: first.date },
    ]);
    const file = `/v1/clearing/days/${second.date}/files/summary-${second.date}.txt`;
    const summary = await call(served, 'GET', file);
    t.equal(summary.text, readFileSync(named('summary'), 'utf8'));
    t.equal(
      (await call(served, 'GET', `/v1/clearing/days/${second.date}/files/..%2fledger.key`)).status,
      400,
    );
    t.equal(
      (await call(served, 'GET', `/v1/clearing/days/${second.date}/files/other.txt`)).status,
      404,
    );
    const outcome = `/v1/clearing/days/${second.date}/pay-outs/${OUTPATIENT}/outcome`;
    const returned = { body: { outcome: 'returned', why: '账号有误' }, idempotencyKey: 'returned' };
    t.match(await admin('POST', outcome, returned), { status: 200, body: { outcome: 'returned' } });
    const late = { body: { outcome: 'paid', why: 'x' }, idempotencyKey: 'late' };
    t.match(await admin('POST', outcome, late), { status: 409 }, 'one outcome');
    const none = outcome.replace(OUTPATIENT, INPATIENT);
    t.match(await admin('POST', none, { ...late, idempotencyKey: 'none' }), { status: 404 });
  });

  const third = await clear(served);
  t.match(
    third.payOuts[0],
    { state: 'held', balanceFen: 989 + netFen },
    'what came back is there again',
  );
  const isDelivered = ({ date }: { date: string }) =>
    existsSync(join(drop, date, `manifest-${date}.json`));
  while (![second, third].every(isDelivered)) await new Promise((look) => setTimeout(look, 50));
  const delivered = join(drop, second.date, `manifest-${second.date}.json`);
  t.ok(verifyByManifest(delivered).files.length > 5, 'what was put there holds');
  const { body } = await call(served, 'GET', '/v1/trial-balance');
  t.equal(body['balanced'], true);
});
