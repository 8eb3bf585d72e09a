import { Piscina } from 'piscina';
import { HsmError } from '../errors.ts';
import { type ForwardedOperation, forwardingTo, wipeComponents } from '../forwarding.ts';
import type { Hsm, HsmStatus, Pkcs11Config, PoolLimits, SoftwareConfig } from '../types.ts';
import type { PoolAnswer, PoolCall, PoolWorkerData } from './messages.ts';

const DEFAULT_QUEUE_LIMIT = 10_000;
const DEFAULT_TIMEOUT_MS = 5_000;

/**
 * Sessions on threads of their own, for a token whose calls block for long: a network HSM. One
 * session is one thread; calls wait in a bounded queue and for a bounded time.
 *
 * `first` is the same HSM opened in this thread: it made the token where there was none, keeps the
 * login of the process, and answers for the state of the token.
 */
export function openPool(
  config: SoftwareConfig | Pkcs11Config,
  limits: PoolLimits,
  first: Hsm,
): Hsm {
  const pool = new HsmPool(config, limits);
  return {
    name: first.name,
    ...forwardingTo((operation, parameters) => pool.call(operation, parameters)),
    async status(): Promise<HsmStatus> {
      const member = await first.status();
      const { state, problem } = pool.state(member);
      return {
        ...member,
        provider: 'pool',
        state,
        ...(problem === undefined ? {} : { problem }),
        queue: pool.queue(),
        members: [member],
      };
    },
    async close(): Promise<void> {
      await pool.close();
      await first.close();
    },
  };
}

class HsmPool {
  readonly #piscina: Piscina<PoolCall, PoolAnswer>;
  readonly #limits: Required<PoolLimits>;
  #running = 0;
  #lastProblem: string | undefined;
  #closed = false;

  constructor(config: SoftwareConfig | Pkcs11Config, limits: PoolLimits) {
    this.#limits = { queueLimit: DEFAULT_QUEUE_LIMIT, timeoutMs: DEFAULT_TIMEOUT_MS, ...limits };
    const workerData = workerConfig(config);
    this.#piscina = new Piscina<PoolCall, PoolAnswer>({
      filename: workerFile(),
      workerData,
      minThreads: limits.pool,
      maxThreads: limits.pool,
      maxQueue: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
    });
  }

  async call(operation: ForwardedOperation, parameters: unknown[]): Promise<unknown> {
    if (this.#closed) throw new HsmError('closed', 'the HSM was closed');
    if (this.#running >= this.#limits.pool + this.#limits.queueLimit) {
      throw new HsmError('queue_full', `${this.#limits.queueLimit} calls wait for the HSM`);
    }
    this.#running++;
    const answered = this.#piscina.run({ operation, parameters }).finally(() => this.#running--);
    if (operation === 'importKey') wipeComponents(parameters);
    const answer = await within(answered, this.#limits.timeoutMs);
    if ('error' in answer) {
      this.#lastProblem = answer.error.code === 'unavailable' ? answer.error.message : undefined;
      throw new HsmError(answer.error.code, answer.error.message);
    }
    this.#lastProblem = undefined;
    return answer.value;
  }

  /** The threads may see a loss that the session of this thread has not met yet. */
  state(member: HsmStatus): { state: HsmStatus['state']; problem?: string } {
    if (member.state !== 'ready' || this.#lastProblem === undefined) {
      return { state: member.state };
    }
    return { state: 'degraded', problem: this.#lastProblem };
  }

  queue(): { threads: number; waiting: number; limit: number } {
    return {
      threads: this.#piscina.threads.length,
      waiting: Math.max(0, this.#running - this.#limits.pool),
      limit: this.#limits.queueLimit,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#piscina.close();
  }
}

/** A call that runs out of time goes on in its thread; its answer is thrown away. */
async function within(answered: Promise<PoolAnswer>, timeoutMs: number): Promise<PoolAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new HsmError('timeout', `the HSM did not answer in ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
    answered.catch(() => {});
  }
}

/** Open streams pay in a fast token only: over a network they would hold sessions for nothing. */
function workerConfig(config: SoftwareConfig | Pkcs11Config): PoolWorkerData {
  const threads = 'in-thread' as const;
  if (config.provider === 'software') return { ...config, threads };
  return { openStreams: 0, ...config, threads };
}

/** Worker files are named at run time: `.ts` where TypeScript runs as it is, else `.js`. */
function workerFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./worker.${extension}`, import.meta.url).href;
}
