/** One measurement in a process of its own, so that its memory is its own: `read` or `reconcile`. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { reconcile } from '../../modules/reconciliation/reconcile.ts';
import { sourceNamed } from '../../modules/reconciliation/sources/index.ts';

export interface Measured {
  seconds: number;
  cpuSeconds: number;
  peakMiB: number;
  lines: number;
  differences: number;
}

const [what, bill, ours] = process.argv.slice(2) as [string, string, string];
const started = performance.now();
const { lines, differences } = what === 'read' ? await readPlainly() : await reconcileBoth();
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const measured: Measured = {
  seconds: (performance.now() - started) / 1_000,
  cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  peakMiB: maxRSS / 1_024,
  lines,
  differences,
};
process.stdout.write(JSON.stringify(measured));

async function readPlainly(): Promise<{ lines: number; differences: number }> {
  let lines = 0;
  for (const path of [bill, ours]) {
    for await (const _ of createInterface({ input: createReadStream(path) })) lines++;
  }
  return { lines, differences: 0 };
}

async function reconcileBoth(): Promise<{ lines: number; differences: number }> {
  const source = sourceNamed('wechat')!;
  const { result } = await reconcile({ source, file: bill, against: ours, day: 20261120 });
  const { totals, differences } = result;
  return { lines: totals.ours.lines + totals.theirs.lines, differences: differences.length };
}
