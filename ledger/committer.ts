/**
 * Writes the groups: in the writer's own thread as long as they come one at a time, which is the
 * shortest way for a lone entry, and in a thread of their own once others wait meanwhile.
 */
import { Worker } from 'node:worker_threads';
import type { CommitAnswer, CommitRequest, CommitThreadData } from './commit-thread.ts';
import { LedgerError, type LedgerErrorCode } from './errors.ts';
import type { LmdbStorage, StorageOptions } from './lmdb-storage.ts';
import type { CommitBatch } from './storage.ts';
import { threadFile } from './thread-file.ts';

export class Committer {
  private readonly storage: LmdbStorage;
  private readonly options: StorageOptions;
  private readonly onAnswer: () => void;
  /** Batches that the thread has on disk, counted by it; the counter goes round at 2^32. */
  private readonly written = new Int32Array(new SharedArrayBuffer(4));
  private seen = 0;
  private series = 0;
  private failure: LedgerError | null = null;
  private thread: Worker | null = null;
  private ready = false;
  private ended: Promise<void> = Promise.resolve();

  /** onAnswer is called whenever the thread has written a batch or could not. */
  constructor(storage: LmdbStorage, options: StorageOptions, onAnswer: () => void) {
    this.storage = storage;
    this.options = options;
    this.onAnswer = onAnswer;
  }

  /** True when batches can be handed over; starts the thread when it is asked for the first time. */
  get isThreadReady(): boolean {
    if (this.thread === null) this.start();
    return this.ready;
  }

  /** Writes in this thread. Throws LedgerError. Nothing may be on its way in the other one. */
  write(batch: CommitBatch): void {
    this.storage.commit(batch);
  }

  /** Lets the thread write. The pages go over as they are, everything else is copied. */
  handOver({ group, pages, registry, history, meta }: CommitBatch): void {
    // A view would cross with all the memory that it is a part of.
    const batch: CommitBatch = {
      group: group && { ...group, value: new Uint8Array(group.value) },
      pages,
      registry: registry.map((item) => ({ ...item, body: item.body && new Uint8Array(item.body) })),
      history,
      meta: meta.map(({ key, value }) => ({ key, value: new Uint8Array(value) })),
    };
    const buffers = new Set(pages.map(({ value }) => value.buffer as ArrayBuffer));
    if (batch.group !== null) buffers.add(batch.group.value.buffer as ArrayBuffer);
    const request: CommitRequest = { series: this.series, batch };
    this.thread!.postMessage(request, [...buffers]);
  }

  /** How many batches more the thread has on disk since the last call. */
  takeWritten(): number {
    const written = Atomics.load(this.written, 0);
    const count = (written - this.seen) | 0;
    this.seen = written;
    return count;
  }

  /** Throws LedgerError when the thread could not write a batch. */
  check(): void {
    if (this.failure !== null) throw this.failure;
  }

  /** What was handed over and not written is given up; batches from now on are written again. */
  restart(): void {
    this.series++;
    this.failure = null;
  }

  /** Resolves when everything that was handed over is written, or given up, and the thread is gone. */
  async stop(): Promise<void> {
    const request: CommitRequest = { stop: true };
    this.thread?.postMessage(request);
    await this.ended;
    this.thread = null;
    this.ready = false;
  }

  private start(): void {
    const fence = this.storage.writerMark;
    const data: CommitThreadData = {
      storage: this.options,
      fence,
      written: this.written.buffer as SharedArrayBuffer,
    };
    const thread = new Worker(threadFile('commit-thread', import.meta.url), { workerData: data });
    this.thread = thread;
    this.ended = new Promise((resolve) => thread.once('exit', () => resolve()));
    thread.on('message', (answer: CommitAnswer) => {
      if ('ready' in answer) this.ready = true;
      else if ('failed' in answer) this.fail(answer);
      this.onAnswer();
    });
    thread.once('error', (error) => {
      this.failure ??= new LedgerError('storage_failed', `the commit thread: ${error}`, error);
      this.onAnswer();
    });
  }

  private fail({ failed, series }: { failed: { code: string; message: string }; series: number }) {
    if (series !== this.series) return;
    this.failure = new LedgerError(failed.code as LedgerErrorCode, failed.message);
  }
}
