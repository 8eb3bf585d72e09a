/** Truth against links: the number within `rec-12-dup-3` names the person; only tests look at it. */

import { type ColumnPlan, planColumns } from '../../modules/empi/matching/columns.ts';
import type { Link } from '../../modules/empi/matching/link.ts';
import { normalisePerson, type PersonInput } from '../../modules/empi/matching/normalise.ts';
import { type RecordTable, RecordTableBuilder } from '../../modules/empi/matching/store.ts';
import { POPULATION_COLUMNS, populationRecords } from '../../simulators/population/records.ts';

export interface Quality {
  precision: number;
  recall: number;
  f1: number;
}

const personOf = (recordId: string): string => recordId.split('-')[1]!;

/** Of two files only pairs across count: `firstRecords` is how many the first one has. */
export function qualityOf(links: Link[], recordIds: string[], firstRecords = 0): Quality {
  let right = 0;
  for (const { a, b } of links) {
    if (personOf(recordIds[a]!) === personOf(recordIds[b]!)) right++;
  }
  const precision = right / Math.max(1, links.length);
  const recall = right / truePairs(recordIds, firstRecords);
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) };
}

function truePairs(recordIds: string[], firstRecords: number): number {
  const counts = new Map<string, [number, number]>();
  recordIds.forEach((id, index) => {
    const count = counts.get(personOf(id)) ?? [0, 0];
    count[index < firstRecords ? 0 : 1]++;
    counts.set(personOf(id), count);
  });
  let pairs = 0;
  for (const [first, second] of counts.values()) {
    pairs += firstRecords > 0 ? first * second : (second * (second - 1)) / 2;
  }
  return pairs;
}

export interface TestPopulation {
  table: RecordTable;
  recordIds: string[];
  rows: string[][];
}

/** A simulated population in an order that says nothing. */
export function populationTable(seed: number, records: number): TestPopulation {
  const rows = [...populationRecords({ seed, records })];
  rows.sort((a, b) => scramble(a[0]!) - scramble(b[0]!));
  const table = tableOf(rows, planColumns([...POPULATION_COLUMNS]));
  return { table, recordIds: rows.map((row) => row[0]!), rows };
}

/** Rows as a table; with `firstRecords` those behind it are the second of two files. */
export function tableOf(rows: string[][], plan: ColumnPlan, firstRecords = 0): RecordTable {
  const builder = new RecordTableBuilder();
  rows.forEach((row, index) => {
    const person: PersonInput = {};
    for (const { column, item } of plan.items) person[item] = row[column]!;
    builder.add(normalisePerson(person), firstRecords > 0 && index >= firstRecords ? 1 : 0);
  });
  return builder.finish();
}

function scramble(text: string): number {
  let hash = 0;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x9e3779b1) | 0;
  return hash;
}
