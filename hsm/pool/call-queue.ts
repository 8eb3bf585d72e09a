import { HsmError } from '../errors.ts';
import type { PoolLimits } from '../types.ts';
import type { PoolAnswer, PoolCall } from './messages.ts';
import type { SessionThreads } from './threads.ts';

/** The most calls that go to a thread in one message: the last of them waits for all before it. */
const LARGEST_BATCH = 8;

interface Pending {
  call: PoolCall;
  deadlineMs: number;
  settle: (answer: PoolAnswer) => void;
  fail: (error: unknown) => void;
}

/**
 * Calls on their way to the threads: bounded in number and time, handed over in batches when more
 * wait than threads are free, because a message between threads costs more than many a call.
 */
export class CallQueue {
  readonly #limits: Required<PoolLimits>;
  readonly #threads: SessionThreads;
  /** All unanswered calls, oldest first: their deadlines are in order. */
  readonly #unanswered = new Set<Pending>();
  #waiting: Pending[] = [];
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: Required<PoolLimits>, threads: SessionThreads) {
    this.#limits = limits;
    this.#threads = threads;
  }

  get waiting(): number {
    return Math.max(0, this.#unanswered.size - this.#limits.pool);
  }

  add(call: PoolCall): Promise<PoolAnswer> {
    const { pool, queueLimit, timeoutMs } = this.#limits;
    if (this.#unanswered.size >= pool + queueLimit) {
      return Promise.reject(new HsmError('queue_full', `${queueLimit} calls wait for the HSM`));
    }
    return new Promise((settle, fail) => {
      const pending = { call, deadlineMs: performance.now() + timeoutMs, settle, fail };
      this.#unanswered.add(pending);
      this.#waiting.push(pending);
      this.#timer ??= this.#startTimer(timeoutMs);
      this.#schedule();
    });
  }

  /** Refuses what was not answered yet. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    for (const pending of this.#unanswered) {
      pending.fail(new HsmError('closed', 'the HSM was closed'));
    }
    this.#unanswered.clear();
  }

  /** Once a turn of the event loop, so that what arrives together leaves together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.handOver();
    });
  }

  /** Gives waiting calls to idle threads. */
  handOver(): void {
    while (this.#waiting.length > 0 && this.#threads.idle > 0) {
      const share = Math.ceil(this.#waiting.length / this.#threads.idle);
      const batch = this.#waiting.splice(0, Math.min(LARGEST_BATCH, share));
      void this.#send(batch);
    }
  }

  async #send(batch: Pending[]): Promise<void> {
    try {
      const answers = await this.#threads.run(batch.map(({ call }) => call));
      for (const [at, pending] of batch.entries()) pending.settle(answers[at]!);
    } catch (error) {
      for (const pending of batch) pending.fail(error);
    } finally {
      for (const pending of batch) this.#unanswered.delete(pending);
      this.#schedule();
    }
  }

  #startTimer(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined;
      this.#failLate();
    }, afterMs);
  }

  /** A call that is with its thread already goes on there; its answer is thrown away. */
  #failLate(): void {
    const nowMs = performance.now();
    const { timeoutMs } = this.#limits;
    for (const pending of this.#unanswered) {
      if (pending.deadlineMs > nowMs) {
        this.#timer = this.#startTimer(pending.deadlineMs - nowMs);
        break;
      }
      this.#unanswered.delete(pending);
      pending.fail(new HsmError('timeout', `the HSM did not answer in ${timeoutMs} ms`));
    }
    this.#waiting = this.#waiting.filter((pending) => this.#unanswered.has(pending));
  }
}
