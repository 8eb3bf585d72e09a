/**
 * A day of traffic through every channel that there is: each layer agrees, and what is planted in one
 * place is found there and nowhere else.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openReader } from '../../ledger/reader.ts';
import { MODULES } from '../../modules/list.ts';
import { writeJournalSide } from '../../modules/reconciliation/journal-side.ts';
import { reconcile } from '../../modules/reconciliation/reconcile.ts';
import type { ReconciliationResult } from '../../modules/reconciliation/result.ts';
import { sourceNamed } from '../../modules/reconciliation/sources/index.ts';
import type { Booking } from '../../simulators/host/books.ts';
import { adminOf, call, newOperator, type Session } from '../api/caller.ts';
import { rebuilt } from '../frame/rebuild.ts';
import { charge } from '../invoicing/hospital.ts';
import { bankHost, bankSettings, simulatorHsm, until } from '../support/bank.ts';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { Desk } from '../support/desk.ts';
import { mixedTraffic, type Slip, settledBatch } from '../support/mixed-traffic.ts';
import { documentOf, posp } from '../support/posp.ts';
import { type Served, servedFor } from '../support/serve.ts';
import { yuan } from './bills/text.ts';
import { FORMATS } from './bills.ts';
import type { Line } from './day.ts';

t.setTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), 'posp-test-traffic-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'statements'));

/** Layer 4: what clearing settled against the bank's statement; asked for, its time never comes. */
const FLOW = {
  POSP__RECONCILIATION__FLOWS__0__NAME: 'statement',
  POSP__RECONCILIATION__FLOWS__0__LAYER: 'L4',
  POSP__RECONCILIATION__FLOWS__0__SOURCE: 'bank-csv',
  POSP__RECONCILIATION__FLOWS__0__FOLDER: join(folder, 'statements'),
  POSP__RECONCILIATION__FLOWS__0__FILE_NAME: '{date}.csv',
  POSP__RECONCILIATION__FLOWS__0__OURS: 'settlements',
  POSP__RECONCILIATION__FLOWS__0__AT__0: '0 0 1 1 *',
};

const dashed = (date: string) => `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;

/** What the acquirer's file says of the slips of a channel. */
function pipes(date: string, slips: readonly Slip[]): string {
  const total = slips.reduce((sum, { fen }) => sum + fen, 0);
  const lines = slips.map(
    ({ reference, fen }) => `D|${reference}||${dashed(date)} 12:00:00|${yuan(fen)}|0.00|`,
  );
  return [`H|${date}|${OUTPATIENT}`, ...lines, `T|${slips.length}|${yuan(total)}`, ''].join('\n');
}

const COM = FORMATS.find(({ file }) => file === 'IND20112101ACOMN')!;

/** The bank's own books as UnionPay's flow. */
function com(date: string, bookings: readonly Booking[]): Buffer {
  const standing = bookings.filter(({ state }) => state === 'booked');
  const lines = standing.map(({ reference, owedFen }, index): Line => {
    const isRefund = owedFen < 0;
    const serial = String(index + 1).padStart(6, '0');
    return {
      kind: isRefund ? 'refund' : 'pay',
      orderId: reference,
      refundId: reference,
      channelId: serial,
      channelRefundId: serial,
      amountFen: Math.abs(owedFen),
      couponFen: 0,
      feeFen: 0,
      time: `${dashed(date)} 12:00:00`,
      name: '',
      failed: false,
      processing: false,
    };
  });
  return COM.write(lines);
}

/** As the command does it, in this process. */
async function compared(
  { dataDir }: Served,
  date: string,
  channel: string,
  bill: string | Buffer,
): Promise<ReconciliationResult> {
  const [file, against] = [join(folder, 'bill'), join(folder, 'ours.ndjson')];
  writeFileSync(file, bill);
  const source = sourceNamed(sourceOf(bill))!;
  const reader = openReader(join(dataDir, 'ledger'));
  try {
    const institution = reader.registry.get('institution', '4802')!.value;
    writeJournalSide(against, { reader, institution, date, source: source.name, channel });
  } finally {
    await reader.close();
  }
  return (await reconcile({ source, file, against, day: Number(date) })).result;
}

const sourceOf = (bill: string | Buffer) =>
  typeof bill === 'string' ? 'bank-pipe' : 'unionpay-com';

async function commanded(
  { dataDir }: Served,
  date: string,
  channel: string,
  bill: string | Buffer,
): Promise<ReconciliationResult> {
  const file = join(folder, 'bill');
  writeFileSync(file, bill);
  const what = ['--source', sourceOf(bill), '--file', file, '--date', date, '--channel', channel];
  const ran = await posp(['reconcile', ...what, '--data', dataDir, '--json']);
  const result = documentOf(ran) as unknown as ReconciliationResult;
  if (ran.code !== (result.differences.length === 0 ? 0 : 1)) throw new Error(ran.stderr);
  return result;
}

// biome-ignore format: one line a case.
const FAULTS: [channel: Slip['channel'], what: string, plant: (slips: Slip[]) => Slip[], code: string, at: number][] = [
  ['one-card',    'a line missing',     (slips) => slips.slice(1),                                           'OUR_ONLY',       0],
  ['cash',        'a line too many',    (slips) => [...slips, { ...slips[0]!, reference: '999999999999' }],  'CH_ONLY',        -1],
  ['wallet',      'the refund missing', (slips) => slips.filter(({ fen }) => fen > 0),                       'REFUND_PENDING', 0],
  ['health-card', 'a line twice',       (slips) => [...slips, slips[0]!],                                    'DUP',            0],
  ['purse',       'a fen too much',     (slips) => slips.map((slip, at) => (at === 1 ? { ...slip, fen: slip.fen + 1 } : slip)), 'AMT_LOW', 1],
];

t.test('a day of traffic', async (t) => {
  const bank = await bankHost(await simulatorHsm());
  const bankPort = await bank.listen(0);
  t.teardown(() => bank.close());
  const served = await servedFor(t, 'traffic', { ...bankSettings(bankPort), ...FLOW });
  await until(() => bank.signOns > 0, 'the bank signs on');
  const slips = await mixedTraffic(served);
  const admin = await adminOf(served);
  const clerk = await newOperator(admin, served, 'clerk', ['finance']);
  slips.push(...(await terminals(t, served, clerk)));
  const cleared = documentOf(await posp(['clearing', 'run', '--data', served.dataDir, '--json']));
  const date = String(cleared['date']);
  t.equal(cleared['matchesLedger'], true, 'L0: files and ledger');

  await t.test('L3: each channel', async (t) => {
    for (const [channel, what, plant, code, at] of FAULTS) {
      const own = slips.filter((slip) => slip.channel === channel);
      const whole = await compared(served, date, channel, pipes(date, own));
      t.match(whole, { matched: own.length, differences: [] }, channel);
      t.equal(whole.differences.length, 0, channel);
      const { differences } = await compared(served, date, channel, pipes(date, plant(own)));
      const orderId = own[at]?.reference ?? '999999999999';
      t.match(differences, [{ code, orderId }], `${channel}: ${what}`);
      t.equal(differences.length, 1, `${channel}: nothing else`);
    }
    const own = slips.filter(({ channel }) => channel === 'bank');
    const { bookings } = bank.books;
    const whole = await commanded(served, date, 'bank', com(date, bookings));
    t.equal(whole.matched, own.length, 'the bank’s own books');
    t.strictSame(whole.differences, []);
    const less = await commanded(served, date, 'bank', com(date, bookings.slice(1)));
    t.match(less.differences, [{ code: 'OUR_ONLY', orderId: own[0]!.reference }]);
    t.equal(less.differences.length, 1);
  });

  await statement(t, clerk, date, cleared['merchants'] as never);
  await documents(t, served, clerk, slips);

  const words = ['--source', 'bank-pipe', '--file', join(folder, 'bill'), '--date', '2001-01-01'];
  const none = await posp(['reconcile', ...words, '--data', served.dataDir]);
  t.equal(none.code, 2);
  t.match(none.stderr, /4802 has no business day 20010101/);

  t.equal(await served.stop(), 0);
  const verified = documentOf(await posp(['ledger', 'verify', '--data', served.dataDir, '--json']));
  t.match(verified, { chainVerified: true, balancesVerified: true }, 'L0: journal and balances');
  for (const module of MODULES) {
    const { rows, same } = await rebuilt(served.dataDir, module);
    t.ok(same, `${module.name}: followed again, the same ${rows} rows byte by byte`);
  }
});

async function differencesOf(who: Session): Promise<{ code: string; orderId: string }[]> {
  const { body } = await who('GET', '/v1/reconciliation/differences?institution=4802');
  return body['items'] as never;
}

async function terminals(t: Test, served: Served, clerk: Session): Promise<Slip[]> {
  const right = await settledBatch(served.port, '10000003', true);
  const wrong = await settledBatch(served.port, '10000004', false);
  await until(async () => (await differencesOf(clerk)).length > 0, 'a difference');
  t.match(await differencesOf(clerk), [{ code: 'AMT_HIGH', orderId: wrong.batch }], 'L2');
  t.equal((await differencesOf(clerk)).length, 1, 'L2: the right batch is none');
  return [...right.slips, ...wrong.slips];
}

async function statement(
  t: Test,
  clerk: Session,
  date: string,
  merchants: readonly { id: string; netFen: number }[],
): Promise<void> {
  const paid = merchants.filter(({ netFen }) => netFen > 0);
  const write = (moreFen: number): void => {
    const lines = paid.map(
      ({ id, netFen }) => `${date}-${id},pay,success,${netFen + moreFen},${dashed(date)}`,
    );
    const text = ['orderId,type,status,amountFen,occurredAt', ...lines, ''].join('\n');
    writeFileSync(join(folder, 'statements', `${date}.csv`), text);
  };
  const runs = async (): Promise<Record<string, unknown>[]> => {
    const path = `/v1/reconciliation/runs?date=${date}&institution=4802`;
    return (await clerk('GET', path)).body['runs'] as never;
  };
  const run = async (count: number) => {
    const asked = { body: { flow: 'statement', date }, idempotencyKey: `run-${count}` };
    await clerk('POST', '/v1/reconciliation/runs', asked);
    await until(async () => (await runs()).length === count, 'the run');
    return (await runs()).at(-1);
  };
  await t.test('L4: what was settled, and the bank’s statement', async (t) => {
    t.ok(paid.length > 0);
    write(0);
    t.match(await run(1), { outcome: 'done', matched: paid.length, appeared: 0 });
    write(1);
    t.match(await run(2), { outcome: 'done', matched: 0, appeared: paid.length });
  });
}

interface Billing {
  holds: boolean;
  differences: { subject: string; ledgerFen: number; reason: string }[];
  bills: { normal: number; red: number; netFen: number };
}

/** Each sale that stands gets the charge of the hospital's system: what is left of it after refunds. */
async function documents(
  t: Test,
  served: Served,
  clerk: Session,
  slips: readonly Slip[],
): Promise<void> {
  const sales = slips.filter(({ isSale, fen }) => isSale && fen > 0);
  const netOf = ({ reference, fen }: Slip): number =>
    slips.reduce((sum, slip) => sum + (slip.original === reference ? slip.fen : 0), fen);
  const reconciliation = async (): Promise<Billing> =>
    (await clerk('GET', '/v1/invoices/reconciliation')).body as never;
  await t.test('L1 and L6: charges, payments and e-bills', async (t) => {
    const before = (await reconciliation()).differences.length;
    t.ok(before >= sales.length, 'nothing is billed yet');
    for (const sale of sales) {
      const content = charge(`H${sale.reference}`, netOf(sale));
      const body = { content, payments: [{ reference: sale.reference }] };
      const options = { body, idempotencyKey: sale.reference };
      const { status, text } = await call(served, 'POST', '/v1/invoices/charges', options);
      t.equal(status, 200, text);
    }
    const wanted = before - sales.length;
    await until(async () => (await reconciliation()).differences.length === wanted, 'bills');
    const { holds, bills } = await reconciliation();
    t.equal(holds, true);
    t.equal(bills.normal, sales.length);
    t.equal(
      bills.netFen,
      sales.reduce((sum, sale) => sum + netOf(sale), 0),
      'the sum of the bills is that of the slips',
    );
    const desk = await Desk.at(served.port, '10000005');
    await desk.act('purchase', { pan: CARD.good, fen: 77 });
    desk.disconnect();
    const position = Number(desk.last.fields.get(37));
    await until(async () => (await reconciliation()).differences.length > wanted, 'a difference');
    const found = (await reconciliation()).differences.find(
      ({ subject }) => subject === String(position),
    );
    t.match(found, { ledgerFen: 77, reason: 'no-charge' }, 'a payment without a charge');
    t.equal((await reconciliation()).differences.length, wanted + 1, 'and nothing else');
  });
}
