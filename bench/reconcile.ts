/**
 * Reconciling a WeChat bill of a million lines with a million of ours, beside plain reading of the
 * same two files line by line, each in a process of its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, BenchmarkLine } from './benchmark.ts';
import { type WrittenBills, writeBills } from './reconcile/bills.ts';
import type { Measured } from './reconcile/child.ts';

const LINES = Number(process.env['POSP_BENCH_RECONCILE_LINES'] ?? 1_000_000);
/** Two million lines in 15 s, and in 6 s. */
const RATE = { atLeast: 133_333, aim: 333_333 };
const CHILD = fileURLToPath(new URL('./reconcile/child.js', import.meta.url));

export const benchmark: Benchmark = async ({ progress }) => {
  const folder = mkdtempSync(join(tmpdir(), 'posp-bench-'));
  try {
    progress(`writing ${LINES} lines a side`);
    const bills = writeBills(folder, LINES);
    progress('reading line by line');
    const plain = measure('read', bills);
    progress('reconciling');
    const done = measure('reconcile', bills);
    if (done.differences !== bills.differences) {
      throw new Error(`${done.differences} differences found, ${bills.differences} planted`);
    }
    return lines(done, plain);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

function lines(done: Measured, plain: Measured): BenchmarkLine[] {
  const name = `${LINES} x ${LINES} lines reconciled`;
  return [
    {
      name,
      value: round(done.seconds),
      unit: 's',
      baseline: { name: 'both files read line by line', value: round(plain.seconds) },
      ratio: plain.seconds / done.seconds,
    },
    {
      name: `${name}, rate`,
      value: Math.round(done.lines / done.seconds),
      unit: 'lines/s',
      target: RATE,
    },
    { name: `${name}, processor time`, value: round(done.cpuSeconds), unit: 's' },
    { name: `${name}, peak memory`, value: Math.round(done.peakMiB), unit: 'MiB' },
  ];
}

function measure(what: 'read' | 'reconcile', { bill, ours }: WrittenBills): Measured {
  const output = execFileSync(process.execPath, [CHILD, what, bill, ours], { encoding: 'utf8' });
  return JSON.parse(output) as Measured;
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
