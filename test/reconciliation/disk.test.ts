/** Large files: threads, disk instead of memory, and still the same answer. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { writeBills } from '../../bench/reconcile/bills.ts';
import { reconcile } from '../../modules/reconciliation/reconcile.ts';
import { sourceNamed } from '../../modules/reconciliation/sources/index.ts';

t.setTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), 'posp-test-disk-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

t.test('records that wait on disk give the same result', async (t) => {
  const { bill, ours, lines, differences } = writeBills(folder, 60_000);
  const source = sourceNamed('wechat')!;
  const shares: number[] = [];
  const run = (memoryBytes: number) =>
    reconcile({
      source,
      file: bill,
      against: ours,
      day: 20261120,
      memoryBytes,
      progress: (share) => shares.push(share),
    });
  const inMemory = await run(1 << 30);
  t.equal(inMemory.spilled, false);
  t.equal(inMemory.result.differences.length, differences);
  t.equal(inMemory.result.matched, lines - differences / 2);
  const rising = shares.every((share, at) => at === 0 || share >= shares[at - 1]!);
  t.ok(rising && shares.at(-1) === 1, 'progress rises to the end');
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('posp-reconcile-'));
  const onDisk = await run(1 << 16);
  t.equal(onDisk.spilled, true);
  t.strictSame(onDisk.result, inMemory.result);
  const after = readdirSync(tmpdir()).filter((name) => name.startsWith('posp-reconcile-'));
  t.strictSame(after, before, 'nothing is left on disk');
});
