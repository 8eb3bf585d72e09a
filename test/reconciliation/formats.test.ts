/** Every format with a difference of every code planted: each is found, and nothing else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { reconcile } from '../../modules/reconciliation/reconcile.ts';
import type { Difference } from '../../modules/reconciliation/record.ts';
import type { ReconciliationResult } from '../../modules/reconciliation/result.ts';
import { sourceNamed } from '../../modules/reconciliation/sources/index.ts';
import { Random, testSeed } from '../ledger/random.ts';
import { documentOf, posp } from '../support/posp.ts';
import { errorLine, merchantErrorLine, zmLine } from './bills/unionpay.ts';
import { dayFor, FORMATS } from './bills.ts';
import { type Planted, plantedDay, shuffled } from './day.ts';

t.setTimeout(300_000);

const seed = testSeed();
t.comment(`POSP_TEST_SEED=${seed}`);
const folder = mkdtempSync(join(tmpdir(), 'posp-test-formats-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const PAYMENTS = 300;

/** What is compared: formats differ in which numbers they show besides. */
function essence({ code, orderId, refundId, oursFen, theirsFen }: Planted | Difference): string {
  return [code, refundId ?? orderId, oursFen, theirsFen].join(' ');
}

function sorted(differences: readonly (Planted | Difference)[]): string[] {
  return differences.map(essence).sort();
}

for (const format of FORMATS) {
  t.test(`${format.source}: ${format.file}`, async (t) => {
    const random = new Random(seed);
    const day = dayFor(format, plantedDay(random, PAYMENTS, format.abilities));
    const bill = join(folder, format.file);
    const ours = join(folder, `${format.file}.ndjson`);
    const write = () => {
      writeFileSync(bill, format.write(shuffled(day.theirs, random)));
      const lines = shuffled(day.ours, random).map((record) => `${JSON.stringify(record)}\n`);
      writeFileSync(ours, lines.join(''));
    };
    write();
    const args = ['--source', format.source, '--file', bill, '--date', '2026-11-20'];
    const ran = await posp(['reconcile', ...args, '--against', ours, '--json']);
    t.equal(ran.code, 1, ran.stderr);
    const result = documentOf(ran) as unknown as ReconciliationResult;
    t.strictSame(sorted(result.differences), sorted(day.planted));
    checkSums(t, result, day.theirs.length);
    write();
    const source = sourceNamed(format.source)!;
    const again = await reconcile({ source, file: bill, against: ours, day: 20261120 });
    const text = `${JSON.stringify(again.result)}\n`;
    t.equal(text, ran.stdout, 'other orders of lines give the same bytes');
  });
}

t.test('unionpay-zm: a void undoes its payment, by whichever number names it', async (t) => {
  const [file, against] = [join(folder, 'INN20112001ZM_1'), join(folder, 'zm.ndjson')];
  const pays = plantedDay(new Random(seed), 4, { fees: true, cancels: false, failed: false })
    .theirs.slice(0, 4)
    .map((line, at) => ({ ...line, channelId: `20261120${at}` }));
  const voids = pays.slice(0, 3).map((line) => ({ ...line, kind: 'cancel' as const }));
  writeFileSync(file, [...pays, ...voids].map((line) => `${zmLine(line)}\r\n`).join(''));
  // As the journal tells it: what was voided did not succeed, and the void is no event of its own.
  const ours = pays.map(({ orderId, amountFen }, at) => {
    const status = at < 3 ? 'failed' : 'success';
    return JSON.stringify({ orderId, type: 'pay', amountFen, status });
  });
  writeFileSync(against, ours.join('\n'));
  const source = sourceNamed('unionpay-zm')!;
  const { result } = await reconcile({ source, file, against, day: 20261120 });
  t.strictSame(result.differences, []);
  t.match(result.totals.theirs, { cancellations: 3, matched: 1 });
});

t.test('bank-csv: what failed at the bank has moved nothing', async (t) => {
  const [file, against] = [join(folder, 'states.csv'), join(folder, 'states.ndjson')];
  const ended = [];
  const bill = ['orderId,refundId,type,status,amountFen,occurredAt'];
  const events = [
    ['A', 'pay', 'failed', 'failed'],
    ['B', 'refund', 'failed', 'failed'],
    ['C', 'refund', 'pending', 'failed'],
    ['D', 'refund', 'success', 'success'],
    ['E', 'pay', 'failed', 'success'],
    ['F', 'refund', 'failed', 'success'],
  ];
  for (const [orderId, type, theirs, status] of events) {
    const refundId = type === 'refund' ? `R${orderId}` : '';
    bill.push([orderId, refundId, type, theirs, 100, '2026-11-20T10:00:00+08:00'].join());
    ended.push(JSON.stringify({ orderId, refundId, type, amountFen: 100, status }));
  }
  writeFileSync(file, `${bill.join('\n')}\n`);
  writeFileSync(against, ended.join('\n'));
  const source = sourceNamed('bank-csv')!;
  const { result } = await reconcile({ source, file, against, day: 20261120 });
  t.match(result.differences, [
    { code: 'STATUS_REV', orderId: 'E' },
    { code: 'STATUS_REV', orderId: 'F' },
  ]);
  t.equal(result.differences.length, 2);
});

t.test('unionpay-err: a correction names the payment that it is of', async (t) => {
  const [file, against] = [join(folder, 'IND20112101AERRN'), join(folder, 'err.ndjson')];
  writeFileSync(file, errorLine('000000000123', 500) + errorLine('000000000124', 70));
  const refund = { type: 'refund', amountFen: 500, status: 'success' };
  writeFileSync(against, JSON.stringify({ ...refund, orderId: '000000000123' }));
  const source = sourceNamed('unionpay-err')!;
  const { result } = await reconcile({ source, file, against, day: 20261120 });
  t.equal(result.matched, 1);
  t.match(result.differences, [{ code: 'CH_ONLY', orderId: '000000000124', theirsFen: 70 }]);
});

t.test('unionpay-zme: what the network corrected on the merchant side', async (t) => {
  const [file, against] = [join(folder, 'INN20112001ZME_1'), join(folder, 'zme.ndjson')];
  const time = '1120101500';
  writeFileSync(
    file,
    merchantErrorLine('000123', time, 500) + merchantErrorLine('000124', time, 70),
  );
  const refund = { type: 'refund', amountFen: 500, status: 'success' };
  const ours = { ...refund, orderId: 'A1', refundId: 'R1', channelId: `000123${time}` };
  writeFileSync(against, JSON.stringify(ours));
  const source = sourceNamed('unionpay-zme')!;
  const { result } = await reconcile({ source, file, against, day: 20261120 });
  t.equal(result.matched, 1);
  t.match(result.differences, [{ code: 'CH_ONLY', theirsFen: 70 }]);
  t.equal(result.differences.length, 1);
});

/** Nothing is lost: lines and money of both sides are all accounted for. */
function checkSums(t: Test, result: ReconciliationResult, theirLines: number): void {
  const { totals, differences, matched, counts } = result;
  const { ours, theirs } = totals;
  for (const side of [ours, theirs]) {
    t.equal(side.matched + side.differences + side.withoutMoney, side.lines);
    t.equal(side.matched, matched);
  }
  t.ok(theirs.lines + theirs.cancellations >= theirLines, 'all lines of the bill were read');
  const planted = Object.values(counts).reduce((sum, count) => sum + count, 0);
  t.equal(planted, differences.length);
}
