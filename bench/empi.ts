/** Bulk linkage of a simulated province. `POSP_BENCH_RECORDS` sets how many records (1,000,000). */
import { planColumns } from '../modules/empi/matching/columns.ts';
import { linkRecords } from '../modules/empi/matching/link.ts';
import { normalisePerson, type PersonInput } from '../modules/empi/matching/normalise.ts';
import { RecordTableBuilder } from '../modules/empi/matching/store.ts';
import { POPULATION_COLUMNS, populationRecords } from '../simulators/population/records.ts';
import type { Benchmark } from './benchmark.ts';

const SEED = 20_261_121;

export const benchmark: Benchmark = async ({ progress }) => {
  const records = Number(process.env['POSP_BENCH_RECORDS'] ?? 1_000_000);
  progress(`making ${records} records`);
  const rows = [...populationRecords({ seed: SEED, records })];
  const { items } = planColumns([...POPULATION_COLUMNS]);
  progress(`linking ${records} records`);
  const started = performance.now();
  const builder = new RecordTableBuilder();
  for (const row of rows) {
    const person: PersonInput = {};
    for (const { column, item } of items) person[item] = row[column]!;
    builder.add(normalisePerson(person));
  }
  const { candidatePairs } = await linkRecords(builder.finish());
  const seconds = (performance.now() - started) / 1000;
  const memory = process.memoryUsage.rss() / 2 ** 20;
  return [
    { name: `bulk link of ${records} records`, value: seconds, unit: 's' },
    { name: 'candidate pairs compared', value: candidatePairs / seconds, unit: 'pairs/s' },
    { name: 'memory of the process', value: memory, unit: 'MiB' },
  ];
};
