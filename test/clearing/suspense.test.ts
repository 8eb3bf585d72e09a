/** Money on a merchant's account that no transaction explains: it waits in suspense until two persons say whose it is. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { nextBusinessDate } from '../../ledger/business-time.ts';
import { accountId, TransferCode, YUAN_LEDGER } from '../../ledger/chart-of-accounts.ts';
import { idOf } from '../../ledger/id.ts';
import { adminOf, newOperator, type Session, signIn } from '../api/caller.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import { CARD, INPATIENT, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { daysAgo } from '../support/past.ts';
import { documentOf, posp } from '../support/posp.ts';
import { type Served, serve, temporaryFolder } from '../support/serve.ts';

async function pay(served: Served, terminalId: string, fen: number): Promise<void> {
  const terminal = new OutsideTerminal(terminalId, OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  await terminal.ask(terminal.purchase(CARD.good, fen));
  terminal.disconnect();
}

/** What no part of posp would write: money moves and nothing says why. */
async function plant(dataDir: string): Promise<void> {
  const { ledger, client, submit } = await openLedger(join(dataDir, 'ledger'));
  const bank = accountId('bank', '4802');
  const merchant = (id: string) => accountId('merchant', '4802', id);
  const common = { ledger: YUAN_LEDGER, code: TransferCode.openingBalance };
  const { status } = await submit({
    id: idOf('test', 'planted'),
    institution: '4802',
    transfers: [
      { ...common, debitAccount: bank, creditAccount: merchant(OUTPATIENT), amountFen: 777 },
      { ...common, debitAccount: merchant(INPATIENT), creditAccount: bank, amountFen: 300 },
    ],
  });
  client.close();
  await ledger.stop();
  if (status !== 'applied') throw new Error(status);
}

interface Cleared {
  date: string;
  version: number;
  matchesLedger: boolean;
  differences: string[];
  merchants: { id: string; netFen: number; count: number }[];
  unexplained: { merchantId: string; amountFen: number }[];
  suspense: { date: string; merchantId: string; amountFen: number }[];
}

async function clear(served: Served, date?: string, clock: string[] = []): Promise<Cleared> {
  const wanted = date === undefined ? [] : ['--date', date];
  const words = ['clearing', 'run', ...wanted, '--data', served.dataDir, '--json'];
  const ran = await posp(words, {}, '', clock);
  const result = documentOf(ran) as unknown as Cleared;
  if (ran.code !== (result.matchesLedger ? 0 : 1)) throw new Error(`exit ${ran.code}`);
  return result;
}

let keys = 0;
const change = (body: unknown) => ({ body, idempotencyKey: `key-${++keys}` });

function propose(who: Session, operation: string, request: object) {
  return who('POST', '/v1/proposals', change({ operation, request, why: '长款待查' }));
}

function approve(who: Session, proposal: { body: { [name: string]: unknown } }) {
  const path = `/v1/proposals/${String(proposal.body['proposalId'])}/approval`;
  return who('POST', path, change({ why: '同意' }));
}

function folderOf({ dataDir }: Served, date: string): string {
  return join(dataDir, 'clearing', date);
}

function bytesOf(folder: string): string[] {
  const names = readdirSync(folder).sort();
  return names.map((name) => `${name} ${readFileSync(join(folder, name)).toString('hex')}`);
}

t.test('suspense', async (t) => {
  const folder = temporaryFolder('suspense');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const first = await serve(join(folder, 'data'), {}, [], daysAgo(1));
  t.teardown(() => first.kill());
  const admin = await adminOf(first);
  await newOperator(admin, first, 'clerk', ['finance']);
  await newOperator(admin, first, 'chief', ['finance']);
  await pay(first, '10000001', 10_000);
  await first.stop();
  await plant(first.dataDir);
  const refused = await clear(first, undefined, daysAgo(1));
  const served = await serve(first.dataDir);
  t.teardown(() => served.kill());
  const clerk = await signIn(served, 'clerk', 'a password of clerk');
  const chief = await signIn(served, 'chief', 'a password of chief');

  const { date } = refused;
  t.match(refused, {
    version: 0,
    matchesLedger: false,
    differences: [/transactions say 10000 fen, the ledger moved 10777/, /say 0 fen.*moved -300/],
    unexplained: [
      { merchantId: OUTPATIENT, amountFen: 777 },
      { merchantId: INPATIENT, amountFen: -300 },
    ],
  });
  t.strictSame(readdirSync(join(served.dataDir, 'clearing')), [`${date}-refused`]);
  const day = `/v1/clearing/days/${date}`;
  t.match((await clerk('GET', day)).body, { unexplained: refused.unexplained, versions: [] });

  const wrong = await propose(clerk, 'clearing-suspense', {
    date: '20200101',
    merchantId: INPATIENT,
  });
  t.equal(wrong.status, 404, 'a day that has nothing open');
  const long = await propose(clerk, 'clearing-suspense', { date, merchantId: OUTPATIENT });
  t.equal(long.status, 200, long.text);
  t.equal((await approve(clerk, long)).status, 403, 'not by the same person');
  t.match((await clerk('GET', '/v1/clearing/suspense')).body, { items: [] }, 'nothing moved yet');
  t.equal((await approve(chief, long)).status, 200);
  t.match(await clear(served, date), {
    matchesLedger: false,
    unexplained: [{ merchantId: INPATIENT, amountFen: -300 }],
  });
  const short = await propose(clerk, 'clearing-suspense', { date, merchantId: INPATIENT });
  t.equal((await approve(chief, short)).status, 200);
  const again = await propose(clerk, 'clearing-suspense', { date, merchantId: INPATIENT });
  t.match(again, { status: 409, body: { code: 'already_suspended' } });

  const released = await clear(served, date);
  t.match(released, { version: 1, matchesLedger: true, differences: [], unexplained: [] });
  t.match(released.merchants, [
    { id: OUTPATIENT, netFen: 10_000 - 38 },
    { id: INPATIENT, netFen: 0 },
  ]);
  const csv = join(folderOf(served, date), `suspense-${date}.csv`);
  t.match(readFileSync(csv, 'utf8'), /123456789012345,长款,7\.77\r\n.*123456789012346,短款,-3\.00/);
  t.equal((await posp(['clearing', 'verify', csv])).code, 0, 'sealed like the others');
  const bytes = bytesOf(folderOf(served, date));
  t.match((await clerk('GET', '/v1/clearing/suspense')).body, {
    longFen: 777,
    shortFen: 300,
    items: [
      { date, merchantId: OUTPATIENT, amountFen: 777, days: 1 },
      { date, merchantId: INPATIENT, amountFen: -300, days: 1 },
    ],
  });
  const { lines, balanced } = (await clerk('GET', '/v1/trial-balance?institution=4802'))
    .body as never as {
    balanced: boolean;
    lines: { code: number; debitsPostedFen: number; creditsPostedFen: number }[];
  };
  const sums = lines.map((line) => [line.code, line.creditsPostedFen - line.debitsPostedFen]);
  t.match(Object.fromEntries(sums), { 2201: 777, 1201: -300 }, 'the ledger says the same');
  t.equal(balanced, true);

  await pay(served, '10000002', 500);
  const today = nextBusinessDate(date);
  const second = await clear(served, today);
  t.equal(second.matchesLedger, true);
  t.match(
    second.suspense,
    [
      { date, amountFen: 777 },
      { date, amountFen: -300 },
    ],
    'carried forward',
  );

  const account = { name: 'merchant', owner: OUTPATIENT };
  const found = { date, merchantId: OUTPATIENT, account };
  const resolution = await propose(clerk, 'clearing-suspense-resolution', found);
  t.equal((await approve(chief, resolution)).status, 200, 'it was the merchant’s');
  t.match(await propose(clerk, 'clearing-suspense-resolution', found), {
    status: 409,
    body: { code: 'already_resolved' },
  });
  t.match((await clerk('GET', '/v1/clearing/suspense')).body, { longFen: 0, shortFen: 300 });

  await served.stop();
  const third = await clear(served, nextBusinessDate(today), daysAgo(-1));
  t.equal(third.matchesLedger, true, third.differences.join());
  t.match(third.merchants[0], { id: OUTPATIENT, count: 1, netFen: 777 }, 'paid like a payment');
  t.match(third.suspense, [{ date, merchantId: INPATIENT, amountFen: -300 }]);
  t.equal(third.suspense.length, 1);
  t.match(await clear(served, date), { version: 1 }, 'the first day is still what it was');
  t.strictSame(bytesOf(folderOf(served, date)), bytes, 'byte for byte');
  t.match(documentOf(await posp(['ledger', 'verify', '--data', served.dataDir, '--json'])), {
    chainVerified: true,
    balancesVerified: true,
  });
});
