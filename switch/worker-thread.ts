/** A switch worker as the main thread sees it. */
import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { MovedConnection } from './connections/connection.ts';
import type { WorkerCommand, WorkerInput, WorkerReport } from './worker.ts';

/**
 * What a request leaves behind dies before its answer has left: with room for many requests the
 * collector finds next to nothing alive, and copies next to nothing.
 */
const YOUNG_GENERATION_MIB = 64;

interface WorkerEvents {
  /** It ended by itself: a fault of ours. */
  failed: [Error];
  /** A connection has left it and waits for another worker. */
  moved: [string, MovedConnection];
}

export class WorkerThread extends EventEmitter<WorkerEvents> {
  readonly #worker: Worker;
  #calls = 0;
  #ending = false;
  /** What it has still to answer. */
  readonly #asked = new Set<Promise<WorkerReport>>();

  private constructor(worker: Worker) {
    super();
    this.#worker = worker;
    worker.on('message', (report: WorkerReport) => {
      if (report.report === 'moved') this.emit('moved', report.listener, report.connection);
    });
  }

  /** Resolves when it accepts connections; rejects with what kept it from starting. */
  static async start(input: WorkerInput): Promise<WorkerThread> {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      name: input.name,
      workerData: input,
      transferList: [input.ledgerPort, ...(input.hosts.port === null ? [] : [input.hosts.port])],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
    const thread = new WorkerThread(worker);
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      thread
        .#next(({ report }) => report === 'ready')
        .then(() => {
          worker.off('error', reject);
          resolve();
        });
    });
    worker.once('error', (error) => thread.#failed(error as Error));
    worker.once('exit', () => thread.#failed(new Error(`${input.name} ended by itself`)));
    return thread;
  }

  /** Its metrics as prom-client's JSON. */
  async metrics(): Promise<unknown> {
    const call = ++this.#calls;
    const answer = this.#next((report) => report.report === 'metrics' && report.call === call);
    this.#asked.add(answer);
    this.#command({ command: 'metrics', call });
    const report = await answer;
    this.#asked.delete(answer);
    return report.report === 'metrics' ? report.metrics : [];
  }

  /** Hands it a connection that another worker had. */
  adopt(listener: string, connection: MovedConnection): void {
    this.#command({ command: 'adopt', listener, connection });
  }

  /**
   * Answers what was asked; connections of the listeners in `move` are emitted as `moved`. Those that
   * cannot move stay for a while: `drained` is when they have ended, too.
   */
  async leave(move: string[]): Promise<{ staying: boolean; drained: Promise<void> }> {
    const left = this.#next(({ report }) => report === 'left');
    const drained = this.#next(({ report }) => report === 'drained').then(() => {});
    this.#command({ command: 'drain', move });
    const report = await left;
    return { staying: report.report === 'left' && report.staying, drained };
  }

  /** Answers what was asked, and ends all its connections. */
  async drain(): Promise<void> {
    this.#ending = true;
    const drained = this.#next(({ report }) => report === 'drained');
    this.#command({ command: 'drain', move: [] });
    await drained;
  }

  /** Ends a drained thread when it has said what it was asked. Its descriptors are closed with it. */
  async terminate(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#asked);
    await this.#worker.terminate();
  }

  /** Lets the process end while this drained thread still is. */
  unref(): void {
    this.#worker.unref();
  }

  #failed(error: Error): void {
    if (!this.#ending) this.emit('failed', error);
  }

  #command(command: WorkerCommand): void {
    this.#worker.postMessage(command);
  }

  /** The next report that is wanted. */
  #next(wanted: (report: WorkerReport) => boolean): Promise<WorkerReport> {
    return new Promise((resolve) => {
      const listener = (report: WorkerReport) => {
        if (!wanted(report)) return;
        this.#worker.off('message', listener);
        resolve(report);
      };
      this.#worker.on('message', listener);
    });
  }
}
