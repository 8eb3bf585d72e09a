import { Worker } from 'node:worker_threads';
import { HsmError } from '../errors.ts';
import { compact } from './compact.ts';
import type { PoolAnswer, PoolBatch, ThreadConfig } from './messages.ts';

interface Thread {
  worker: Worker;
  opened: boolean;
  /** Takes the answers of the batch that the thread works on. */
  settle: ((answers: PoolAnswer[]) => void) | undefined;
  fail: ((error: Error) => void) | undefined;
}

const RESTART_MS = 1_000;

/**
 * The threads themselves, each with one session and one batch at a time. A general thread pool
 * was measured at 6,000 calls a second with 32 blocking threads where this does 14,000, so the
 * few lines are our own.
 */
export class SessionThreads {
  readonly #config: ThreadConfig;
  readonly #whenIdle: () => void;
  readonly #idle: Thread[] = [];
  readonly #all = new Set<Thread>();
  #closed = false;

  /** `whenIdle` is called when a thread becomes free outside the answer to a batch. */
  constructor(config: ThreadConfig, whenIdle: () => void) {
    this.#config = config;
    this.#whenIdle = whenIdle;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Opens `count` sessions; fails when one of them does not open. */
  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#startThread()));
  }

  /** Gives a batch to a thread that is idle; the caller looks at `idle` first. */
  run(batch: PoolBatch): Promise<PoolAnswer[]> {
    const thread = this.#idle.pop();
    if (thread === undefined) throw new Error('no thread is idle');
    return new Promise((settle, fail) => {
      thread.settle = settle;
      thread.fail = fail;
      thread.worker.postMessage(compact(batch));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map(({ worker }) => worker.terminate()));
  }

  async #startThread(): Promise<void> {
    const worker = new Worker(workerFile(), { workerData: this.#config });
    const thread: Thread = { worker, opened: false, settle: undefined, fail: undefined };
    this.#all.add(thread);
    worker.on('message', (answers: PoolAnswer[]) => {
      const { settle } = thread;
      thread.settle = undefined;
      thread.fail = undefined;
      settle?.(answers);
      if (thread.opened) this.#idle.push(thread);
    });
    worker.on('error', (error) => this.#lose(thread, error));
    worker.on('exit', () => this.#lose(thread, new Error('the thread ended')));
    const [opened] = await new Promise<PoolAnswer[]>((settle, fail) => {
      thread.settle = settle;
      thread.fail = fail;
    });
    if (opened !== undefined && 'error' in opened) {
      throw new HsmError(opened.error.code, opened.error.message);
    }
    thread.opened = true;
    this.#idle.push(thread);
    this.#whenIdle();
  }

  /** A thread that died, which takes a fault in the module, is replaced after a while. */
  #lose(thread: Thread, error: Error): void {
    if (!this.#all.delete(thread)) return;
    const at = this.#idle.indexOf(thread);
    if (at !== -1) this.#idle.splice(at, 1);
    thread.fail?.(new HsmError('unavailable', `a session thread ended: ${error.name}`));
    if (this.#closed) return;
    const restart = () => this.#startThread().catch(() => {});
    setTimeout(() => this.#closed || restart(), RESTART_MS).unref();
  }
}

/** Worker files are named at run time: `.ts` where TypeScript runs as it is, else `.js`. */
function workerFile(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./worker.${extension}`, import.meta.url);
}
