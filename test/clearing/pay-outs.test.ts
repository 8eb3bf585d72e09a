/** Three days of a hospital: parameters by API, netting, pay-outs, files, versions, damage. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { readSheet } from 'read-excel-file/node';
import t, { type Test } from 'tap';
import { nextBusinessDate } from '../../ledger/business-time.ts';
import { verifyByManifest } from '../../modules/clearing/verify.ts';
import { UNIONPAY_COM } from '../../protocols/records/layouts.ts';
import { readRecords } from '../../protocols/records/reader.ts';
import { ADMIN_PASSWORD, adminOf, call, type Session, signIn } from '../api/caller.ts';
import { CARD, INPATIENT, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { daysAgo } from '../support/past.ts';
import { documentOf, posp } from '../support/posp.ts';
import { type Served, serve, temporaryFolder } from '../support/serve.ts';

async function signedIn(served: Served, terminalId: string): Promise<OutsideTerminal> {
  const terminal = new OutsideTerminal(terminalId, OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  return terminal;
}

/** Gives the references of the payments. */
async function pay(served: Served, terminalId: string, amounts: number[]): Promise<string[]> {
  const terminal = await signedIn(served, terminalId);
  const references: string[] = [];
  for (const amountFen of amounts) {
    const answer = await terminal.ask(terminal.purchase(CARD.good, amountFen));
    references.push(answer!.fields.get(37)!);
  }
  terminal.disconnect();
  return references;
}

async function refund(served: Served, reference: string, parts: number[]): Promise<void> {
  const terminal = await signedIn(served, '10000003');
  for (const amountFen of parts) {
    const fields = terminal.purchaseFields(CARD.good, amountFen);
    const named = { 3: '200000', 37: reference, 60: `25${terminal.batch}00050` };
    await terminal.ask(terminal.frame('0220', { ...fields, ...named }, 'right'));
  }
  terminal.disconnect();
}

/** Only the clock begins a day: asking for the next one closes nothing. */
async function notBegun(t: Test, { dataDir }: Served, date: string): Promise<void> {
  const ran = await posp(['clearing', 'run', '--date', date, '--data', dataDir]);
  t.equal(ran.code, 2);
  t.match(ran.stderr, new RegExp(`business day ${date} of 4802 has not begun`));
}

interface Cleared {
  date: string;
  version: number;
  matchesLedger: boolean;
  files: { path: string; totalFen: number }[];
  payOuts: { merchantId: string; state: string; amountFen: number; balanceFen: number }[];
}

async function clear(served: Served, date?: string, clock: string[] = []): Promise<Cleared> {
  const wanted = date === undefined ? [] : ['--date', date];
  const words = ['clearing', 'run', ...wanted, '--data', served.dataDir, '--json'];
  const ran = await posp(words, {}, '', clock);
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

t.test('three days', async (t) => {
  const drop = t.testdir();
  const place = temporaryFolder('pay-outs');
  t.teardown(() => rmSync(place, { recursive: true, force: true }));
  const data = join(place, 'data');
  const environment = { POSP__CLEARING__DROP__FOLDER: drop };
  const yesterday = await serve(data, environment, [], daysAgo(1));
  t.teardown(() => yesterday.kill());
  const putBy = (who: Session) => (body: unknown, key: string) =>
    who('PUT', `/v1/clearing/terms/${OUTPATIENT}`, { body, idempotencyKey: key });
  const early = putBy(await adminOf(yesterday));
  t.match(await early({ ...terms, cycle: 'T+9' }, 'wrong'), { status: 400 });
  t.match(await early(terms, 'terms'), { status: 200 });

  const [sale] = await pay(yesterday, '10000001', [1_000]);
  const first = await clear(yesterday);
  // 1 % and a fen: 11. Of 989 fen 100 are kept back, and 889 are less than the minimum of 5,000.
  t.match(first.payOuts[0], { state: 'below-minimum', balanceFen: 989, amountFen: 0 });
  t.match(first.payOuts[1], { state: 'nothing-due', balanceFen: 0 });
  t.notOk(
    first.files.some(({ path }) => path.includes('pain001')),
    'no empty message to the bank',
  );

  await notBegun(t, yesterday, nextBusinessDate(first.date));
  t.match(await clear(yesterday), { date: first.date, version: 1 }, 'the last closed day again');
  await yesterday.stop();

  const served = await serve(data, environment);
  t.teardown(() => served.kill());
  const admin = await signIn(served, 'admin', ADMIN_PASSWORD);
  const put = putBy(admin);
  // A refund of yesterday's payment is charged by yesterday's terms, in two parts: 1 % of 10.00 is 10.
  t.match(await put({ ...terms, fee: { ...terms.fee, rateMicros: 15_000 } }, 'dearer'), {
    status: 200,
  });
  await pay(served, '10000002', [10_000, 20_000]);
  await refund(served, sale!, [333, 667]);
  const second = await clear(served, nextBusinessDate(first.date));
  const netFen = 30_000 - 151 - 301 - 1_000 + 10;
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
      { amountFen: 10_000, merchantId: OUTPATIENT, interchangePayable: 'D00000000151' },
      { amountFen: 20_000 },
      { amountFen: 333, interchangeReceivable: 'C00000000003' },
      { amountFen: 667, interchangeReceivable: 'C00000000007' },
    ]);
    const csv = readFileSync(named(`pay-outs-${second.date}.csv`), 'utf8');
    t.match(csv, "'=示例医院", 'a name that is a formula is a text');
    const netting = readFileSync(named('netting'), 'utf8');
    t.match(netting, `${OUTPATIENT},示例医院门诊,outpatient,one-card,4,300.00,10.00,4.42,285.58`);
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

  await t.test('the flow of one merchant against the journal', async (t) => {
    const cases: [bill: string, only: string[], code: number, matched: number][] = [
      [OUTPATIENT, ['--merchant', OUTPATIENT, '--channel', 'all'], 0, 4],
      [INPATIENT, ['--merchant', INPATIENT], 0, 0],
      [INPATIENT, [], 1, 0],
      [INPATIENT, ['--merchant', '1'], 2, 0],
    ];
    for (const [bill, only, code, matched] of cases) {
      const file = named(`com-${second.date}-${bill}`);
      const what = ['--source', 'unionpay-com', '--file', file, '--date', second.date, ...only];
      const ran = await posp(['reconcile', ...what, '--data', served.dataDir, '--json']);
      t.equal(ran.code, code, [bill, ...only].join(' '));
      if (code < 2) t.equal(documentOf(ran)['matched'], matched);
    }
  });

  const isDelivered = ({ date }: { date: string }) =>
    existsSync(join(drop, date, `manifest-${date}.json`));
  while (![first, second].every(isDelivered)) await new Promise((look) => setTimeout(look, 50));
  const delivered = join(drop, second.date, `manifest-${second.date}.json`);
  t.ok(verifyByManifest(delivered).files.length > 5, 'what was put there holds');
  const { body } = await call(served, 'GET', '/v1/trial-balance');
  t.equal(body['balanced'], true);

  await served.stop();
  const third = await clear(served, nextBusinessDate(second.date), daysAgo(-1));
  t.match(
    third.payOuts[0],
    { state: 'held', balanceFen: 989 + netFen },
    'what came back is there again',
  );
});
