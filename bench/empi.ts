/**
 * The patient index with a simulated province: bulk linkage of its records, and one person at a time
 * against a register of as many persons. `POSP_BENCH_RECORDS` sets how many (1,000,000).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planColumns } from '../modules/empi/matching/columns.ts';
import { linkRecords } from '../modules/empi/matching/link.ts';
import { normalisePerson } from '../modules/empi/matching/normalise.ts';
import { personOf } from '../modules/empi/matching/record-file.ts';
import { RecordTableBuilder } from '../modules/empi/matching/store.ts';
import { POPULATION_COLUMNS, populationRecords } from '../simulators/population/records.ts';
import type { Benchmark, BenchmarkLine } from './benchmark.ts';
import type { OnlineFigures } from './empi/online.ts';
import { fillRegister } from './empi/register.ts';

const SEED = 20_261_121;

/** What docs/empi.md promises for a million. */
const LINK_SECONDS = 60;
const MATCH_P99_MS = 5;

export const benchmark: Benchmark = async ({ progress }) => {
  const records = Number(process.env['POSP_BENCH_RECORDS'] ?? 1_000_000);
  return [...(await bulk(records, progress)), ...online(records, progress)];
};

async function bulk(records: number, progress: (text: string) => void): Promise<BenchmarkLine[]> {
  progress(`making ${records} records`);
  const rows = [...populationRecords({ seed: SEED, records })];
  const plan = planColumns([...POPULATION_COLUMNS]);
  progress(`linking ${records} records`);
  const started = performance.now();
  const builder = new RecordTableBuilder();
  for (const row of rows) builder.add(normalisePerson(personOf(row, plan)));
  const { candidatePairs } = await linkRecords(builder.finish());
  const seconds = (performance.now() - started) / 1000;
  const memory = process.memoryUsage.rss() / 2 ** 20;
  const target = { atMost: LINK_SECONDS };
  return [
    { name: `bulk link of ${records} records`, value: seconds, unit: 's', target },
    { name: 'candidate pairs compared', value: candidatePairs / seconds, unit: 'pairs/s' },
    { name: 'memory of the bulk link', value: memory, unit: 'MiB' },
  ];
}

/** A process of its own answers, as the threads of a running system do: it has read nothing before. */
function online(persons: number, progress: (text: string) => void): BenchmarkLine[] {
  const folder = mkdtempSync(join(tmpdir(), 'posp-bench-'));
  try {
    progress(`registering ${persons} persons`);
    const personsPerSecond = fillRegister(folder, { seed: SEED, persons });
    progress('matching one person at a time');
    const child = fileURLToPath(new URL('./empi/online.js', import.meta.url));
    const text = execFileSync(process.execPath, [child, folder], { encoding: 'utf8' });
    const { p50, p99, p999, found, asked, ...memory } = JSON.parse(text) as OnlineFigures;
    return [
      { name: `persons into the register's view`, value: personsPerSecond, unit: 'persons/s' },
      {
        name: `online match, ${persons} persons, p99`,
        value: p99,
        unit: 'ms',
        latencyMs: { p50, p99, p999 },
        target: { atMost: MATCH_P99_MS },
      },
      { name: 'of those asked about, found', value: (found / asked) * 100, unit: '%' },
      { name: 'memory of a process that matches', value: memory.memoryMiB, unit: 'MiB' },
      { name: `of it not the register's pages`, value: memory.ownMemoryMiB, unit: 'MiB' },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
