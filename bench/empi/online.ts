/** Matches one person after the other against the register in a folder; prints figures as JSON. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { empi } from '../../modules/empi/module.ts';
import type { Demographics } from '../../modules/empi/types.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import { QUESTIONS_FILE } from './register.ts';

export interface OnlineFigures {
  asked: number;
  /** Somebody was found, to join or to show to people. */
  found: number;
  p50: number;
  p99: number;
  p999: number;
  /** Of the process, with the pages of the register that it has looked at. */
  memoryMiB: number;
  /** Of it, what is not pages of the register. */
  ownMemoryMiB: number;
}

/** The first tenth makes the code warm. */
const WARM_UP = 0.1;

const folder = process.argv[2]!;
const questions = JSON.parse(readFileSync(join(folder, QUESTIONS_FILE), 'utf8')) as Demographics[];
const { queries, close } = openModuleQueries(empi, folder);
const timesMs: number[] = [];
let found = 0;
for (const [index, question] of questions.entries()) {
  const started = performance.now();
  const matches = queries.match(question);
  if (index >= questions.length * WARM_UP) timesMs.push(performance.now() - started);
  if (matches.length > 0) found++;
  // Each question is a call of its own, on the view as it is then.
  await nextTurn();
}
timesMs.sort((a, b) => a - b);
const at = (share: number) => timesMs[Math.floor((timesMs.length - 1) * share)]!;
const { rss, heapTotal, external } = process.memoryUsage();
const figures: OnlineFigures = {
  asked: questions.length,
  found,
  p50: at(0.5),
  p99: at(0.99),
  p999: at(0.999),
  memoryMiB: rss / 2 ** 20,
  ownMemoryMiB: (heapTotal + external) / 2 ** 20,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
await close();
