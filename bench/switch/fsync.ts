/** What the disk takes for the least that a payment needs: one small write, synced, alone. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchmarkLine } from '../benchmark.ts';

const RECORD_BYTES = 512;

/** Appends and syncs in the folder for so many seconds. */
export function measureFsync(folder: string, seconds: number): BenchmarkLine {
  const file = openSync(join(folder, 'fsync'), 'w');
  const record = Buffer.alloc(RECORD_BYTES, 1);
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  while (performance.now() - startedMs < seconds * 1_000) {
    const beforeMs = performance.now();
    writeSync(file, record);
    fdatasyncSync(file);
    latenciesMs.push(performance.now() - beforeMs);
  }
  const elapsedMs = performance.now() - startedMs;
  closeSync(file);
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0;
  return {
    name: `write and fsync of ${RECORD_BYTES} bytes, alone`,
    value: (latenciesMs.length * 1_000) / elapsedMs,
    unit: 'syncs/s',
    latencyMs: { p50: at(0.5), p99: at(0.99), p999: at(0.999) },
  };
}
