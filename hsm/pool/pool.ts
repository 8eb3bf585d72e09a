import { HsmError } from '../errors.ts';
import { type ForwardedOperation, forwardingTo, wipeComponents } from '../forwarding.ts';
import type { Hsm, HsmStatus, PoolLimits } from '../types.ts';
import { CallQueue } from './call-queue.ts';
import type { PoolAnswer, ThreadConfig } from './messages.ts';
import { SessionThreads } from './threads.ts';

const DEFAULT_QUEUE_LIMIT = 10_000;
const DEFAULT_TIMEOUT_MS = 5_000;

/**
 * Sessions on threads of their own, for a token whose calls block for long: a network HSM. One
 * session is one thread; calls wait in a bounded queue and for a bounded time.
 *
 * `first` is the same HSM opened in this thread: it made the token where there was none, keeps the
 * login of the process, and answers for the state of the token.
 */
export async function openPool(config: ThreadConfig, limits: PoolLimits, first: Hsm): Promise<Hsm> {
  const pool = new HsmPool(config, limits);
  try {
    await pool.start();
  } catch (error) {
    await pool.close();
    await first.close();
    throw error;
  }
  return {
    name: first.name,
    ...forwardingTo((operation, parameters) => pool.call(operation, parameters)),
    status: async () => pool.status(await first.status()),
    close: async () => {
      await pool.close();
      await first.close();
    },
  };
}

class HsmPool {
  readonly #threads: SessionThreads;
  readonly #queue: CallQueue;
  readonly #limits: Required<PoolLimits>;
  #lastProblem: string | undefined;
  #closed = false;

  constructor(config: ThreadConfig, limits: PoolLimits) {
    this.#limits = { queueLimit: DEFAULT_QUEUE_LIMIT, timeoutMs: DEFAULT_TIMEOUT_MS, ...limits };
    this.#threads = new SessionThreads(threadConfig(config), () => this.#queue.handOver());
    this.#queue = new CallQueue(this.#limits, this.#threads);
  }

  start(): Promise<void> {
    return this.#threads.start(this.#limits.pool);
  }

  async call(operation: ForwardedOperation, parameters: unknown[]): Promise<unknown> {
    if (this.#closed) throw new HsmError('closed', 'the HSM was closed');
    const answer = await this.#answerTo(operation, parameters);
    if ('value' in answer) {
      this.#lastProblem = undefined;
      return answer.value;
    }
    const { code, message } = answer.error;
    if (code === 'unavailable') this.#lastProblem = message;
    throw new HsmError(code, message);
  }

  /** The threads may see a loss that the session of this thread has not met yet. */
  status(first: HsmStatus): HsmStatus {
    const { pool, queueLimit } = this.#limits;
    const degraded = first.state === 'ready' && this.#lastProblem !== undefined;
    return {
      ...first,
      provider: 'pool',
      ...(degraded ? { state: 'degraded', problem: this.#lastProblem! } : {}),
      queue: { threads: pool, waiting: this.#queue.waiting, limit: queueLimit },
      members: [first],
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.close();
    await this.#threads.close();
  }

  async #answerTo(operation: ForwardedOperation, parameters: unknown[]): Promise<PoolAnswer> {
    try {
      return await this.#queue.add({ operation, parameters });
    } finally {
      if (operation === 'importKey') wipeComponents(parameters);
    }
  }
}

/** Open streams pay in a fast token only: over a network they would hold sessions for nothing. */
function threadConfig(config: ThreadConfig): ThreadConfig {
  const threads = 'in-thread' as const;
  if (config.provider === 'software') return { ...config, threads };
  return { openStreams: 0, ...config, threads };
}
