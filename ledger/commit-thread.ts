/**
 * The thread that writes groups while the writer's thread judges the next ones. It knows nothing of
 * what it writes. After a failure it writes nothing more of that series: what comes after a group
 * that is not on disk must not be there either.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { LedgerError } from './errors.ts';
import { LmdbStorage, type StorageOptions } from './lmdb-storage.ts';
import type { CommitBatch } from './storage.ts';

export interface CommitThreadData {
  storage: StorageOptions;
  /** The writer's mark: a commit fails when another writer has taken the folder. */
  fence: Uint8Array;
  /** One counter: batches that are on disk. */
  written: SharedArrayBuffer;
}

/** From the writer: a batch of a series, or the end. */
export type CommitRequest = { series: number; batch: CommitBatch } | { stop: true };

/** To the writer. */
export type CommitAnswer =
  | { ready: true }
  | { written: true }
  | { failed: { code: string; message: string }; series: number };

function main(): void {
  const { storage: options, fence, written } = workerData as CommitThreadData;
  const storage = new LmdbStorage(options);
  storage.joinWriter(fence);
  const count = new Int32Array(written);
  const post = (answer: CommitAnswer) => parentPort!.postMessage(answer);
  let failedSeries = -1;
  const write = (series: number, batch: CommitBatch) => {
    if (series <= failedSeries) return;
    try {
      storage.commit(batch);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      failedSeries = series;
      post({ failed: { code: error.code, message: error.message }, series });
      return;
    }
    Atomics.add(count, 0, 1);
    post({ written: true });
  };
  parentPort!.on('message', (request: CommitRequest) => {
    if ('batch' in request) write(request.series, request.batch);
    else void storage.close().then(() => parentPort!.close());
  });
  post({ ready: true });
}

if (parentPort !== null) main();
