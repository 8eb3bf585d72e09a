/** Scores all candidate pairs, on several threads over shared memory. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Blocks, forEachPair } from './blocking.ts';
import type { ScoredPairs } from './cluster.ts';
import type { MatchModel } from './model.ts';
import { Scorer } from './score.ts';
import type { RecordTable } from './store.ts';

export interface ScoringJob {
  table: RecordTable;
  blocks: Blocks;
  model: MatchModel;
  agreement: Float32Array[];
  /** Pairs with lower log-odds are not kept. */
  leastLogOdds: number;
  /** Stretches of blocks: rule, first block, block behind the last one. */
  chunks: Uint32Array;
  /** How many chunks were taken, and how many are done. Shared. */
  counters: Int32Array;
}

export interface ScoringResult extends ScoredPairs {
  candidates: number;
}

export interface ScoringOptions {
  threads?: number;
  progress?: (done: number, of: number) => void;
}

/** Below this a thread costs more than it saves. */
const WORTH_THREADS = 300_000;
const PAIRS_PER_CHUNK = 100_000;

export async function scorePairs(
  job: Omit<ScoringJob, 'chunks' | 'counters'>,
  options: ScoringOptions = {},
): Promise<ScoringResult> {
  const { chunks, pairs } = cutIntoChunks(job.blocks);
  const counters = new Int32Array(new SharedArrayBuffer(8));
  const whole: ScoringJob = { ...job, chunks, counters };
  const wanted = options.threads ?? availableParallelism();
  const threads = pairs < WORTH_THREADS ? 1 : Math.min(wanted, chunks.length / 3);
  const total = chunks.length / 3;
  const timer = setInterval(() => options.progress?.(Atomics.load(counters, 1), total), 100);
  try {
    const parts =
      threads <= 1
        ? [scoreChunks(whole)]
        : await Promise.all(Array.from({ length: threads }, () => runThread(whole)));
    options.progress?.(total, total);
    return joinParts(parts);
  } finally {
    clearInterval(timer);
  }
}

function cutIntoChunks({ starts }: Blocks): { chunks: Uint32Array; pairs: number } {
  const chunks: number[] = [];
  let all = 0;
  starts.forEach((start, rule) => {
    let first = 0;
    let pairs = 0;
    for (let block = 0; block + 1 < start.length; block++) {
      const size = start[block + 1]! - start[block]!;
      pairs += (size * (size - 1)) / 2;
      if (pairs < PAIRS_PER_CHUNK && block + 2 < start.length) continue;
      chunks.push(rule, first, block + 1);
      all += pairs;
      first = block + 1;
      pairs = 0;
    }
  });
  const shared = new Uint32Array(new SharedArrayBuffer(chunks.length * 4));
  shared.set(chunks);
  return { chunks: shared, pairs: all };
}

function runThread(job: ScoringJob): Promise<ScoringResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./pair-scoring-thread.js', import.meta.url), {
      workerData: job,
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Takes chunks until there are none left. */
export function scoreChunks(job: ScoringJob): ScoringResult {
  const { table, blocks, chunks, counters, leastLogOdds } = job;
  const scorer = new Scorer(table, job.model, job.agreement, { cutOff: leastLogOdds });
  const kept = new PairList();
  let candidates = 0;
  for (;;) {
    const chunk = Atomics.add(counters, 0, 1) * 3;
    if (chunk >= chunks.length) break;
    const rule = chunks[chunk]!;
    forEachPair(blocks, table.sources, rule, chunks[chunk + 1]!, chunks[chunk + 2]!, (a, b) => {
      candidates++;
      const logOdds = scorer.score(a, b);
      if (logOdds >= leastLogOdds) kept.add(a, b, logOdds);
    });
    Atomics.add(counters, 1, 1);
  }
  return { ...kept.finish(), candidates };
}

/** Grows by doubling. */
class PairList {
  private a = new Uint32Array(1024);
  private b = new Uint32Array(1024);
  private logOdds = new Float32Array(1024);
  private length = 0;

  add(a: number, b: number, logOdds: number): void {
    if (this.length === this.a.length) this.grow();
    this.a[this.length] = a;
    this.b[this.length] = b;
    this.logOdds[this.length++] = logOdds;
  }

  finish(): ScoredPairs {
    const { a, b, logOdds, length } = this;
    return { a: a.slice(0, length), b: b.slice(0, length), logOdds: logOdds.slice(0, length) };
  }

  private grow(): void {
    const { a, b, logOdds, length } = this;
    this.a = new Uint32Array(length * 2);
    this.b = new Uint32Array(length * 2);
    this.logOdds = new Float32Array(length * 2);
    this.a.set(a);
    this.b.set(b);
    this.logOdds.set(logOdds);
  }
}

function joinParts(parts: ScoringResult[]): ScoringResult {
  const total = parts.reduce((sum, { a }) => sum + a.length, 0);
  const joined = {
    a: new Uint32Array(total),
    b: new Uint32Array(total),
    logOdds: new Float32Array(total),
    candidates: 0,
  };
  let at = 0;
  for (const part of parts) {
    joined.a.set(part.a, at);
    joined.b.set(part.b, at);
    joined.logOdds.set(part.logOdds, at);
    joined.candidates += part.candidates;
    at += part.a.length;
  }
  return joined;
}
