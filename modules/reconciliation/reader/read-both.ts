/** Reads both sides: one after the other when they are small, in two threads when that is faster. */
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Block } from '../match/records.ts';
import { BillRefused } from '../record.ts';
import { type ReadJob, readSide, type SideFacts } from './read-side.ts';
import type { ReaderMessage } from './reader-thread.ts';

/** Starting two threads costs as much as reading this. */
const SMALL_BYTES = 8 << 20;

export interface BothSink {
  records(side: ReadJob['side'], block: Block): void;
  cancels(block: Block): void;
  progress(readBytes: number, totalBytes: number): void;
}

/** Rejects with BillRefused; both readers have then ended. */
export async function readBoth(jobs: readonly ReadJob[], sink: BothSink): Promise<SideFacts[]> {
  const total = jobs.reduce((sum, { path }) => sum + sizeOf(path), 0);
  let read = 0;
  const progress = (bytes: number): void => {
    read += bytes;
    sink.progress(read, total);
  };
  if (total < SMALL_BYTES) {
    return jobs.map((job) =>
      readSide(job, {
        records: (block) => sink.records(job.side, block),
        cancels: (block) => sink.cancels(block),
        progress,
      }),
    );
  }
  const threads = jobs.map((job) => readInThread(job, sink, progress));
  try {
    return await Promise.all(threads.map(({ facts }) => facts));
  } finally {
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
}

function readInThread(
  job: ReadJob,
  sink: BothSink,
  progress: (bytes: number) => void,
): { worker: Worker; facts: Promise<SideFacts> } {
  const worker = new Worker(new URL('./reader-thread.js', import.meta.url), { workerData: job });
  const facts = new Promise<SideFacts>((resolve, reject) => {
    worker.on('message', (message: ReaderMessage) => {
      switch (message.kind) {
        case 'records':
          sink.records(job.side, message.block);
          break;
        case 'cancels':
          sink.cancels(message.block);
          break;
        case 'progress':
          progress(message.bytes);
          break;
        case 'done':
          resolve(message.facts);
          break;
        case 'refused': {
          const { file, line, reason, difference } = message;
          reject(new BillRefused(file, line, reason, difference));
        }
      }
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the reader of ${job.name} ended (${code})`)));
  });
  return { worker, facts };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
