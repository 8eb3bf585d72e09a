/**
 * The switch as the main thread sees it: sockets bound once, worker threads that share them, and
 * one rule of supervision: a worker that ends by itself is a fault of ours, and the process stops
 * loudly rather than go on with less.
 */
import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ListenerConfig } from '../config/schema.ts';
import type { HsmConfig } from '../hsm/types.ts';
import type { Ledger } from '../ledger/writer-host.ts';
import { type BoundSocket, bindSocket } from './connections/bind-socket.ts';
import type { WorkerCommand, WorkerInput, WorkerReport } from './worker.ts';

export interface SwitchOptions {
  listeners: ListenerConfig[];
  /** 0: one for each processor but one, at least one. */
  workers: number;
  dataDir: string;
  hsm: HsmConfig;
  ledger: Ledger;
  encryptionKey: Uint8Array | undefined;
  logLevel: string;
}

/** Emits `failed` when a worker ends by itself. */
/**
 * What a request leaves behind dies before its answer has left: with room for many requests the
 * collector finds next to nothing alive, and copies next to nothing.
 */
const YOUNG_GENERATION_MIB = 64;

export class Switch extends EventEmitter<{ failed: [Error] }> {
  readonly #sockets: BoundSocket[];
  readonly #workers: Worker[] = [];
  #calls = 0;
  #stopping = false;

  private constructor(sockets: BoundSocket[]) {
    super();
    this.#sockets = sockets;
  }

  /** Binds the sockets and starts the workers; resolves when all of them accept. */
  static async start(options: SwitchOptions): Promise<Switch> {
    const sockets = options.listeners.map(({ address, port }) => bindSocket(address, port));
    const started = new Switch(sockets);
    const count = options.workers || Math.max(1, availableParallelism() - 1);
    const ready: Promise<void>[] = [];
    for (let index = 0; index < count; index++) ready.push(started.#startWorker(index, options));
    await Promise.all(ready);
    return started;
  }

  /** The port that each listener got, in the order of the configuration. */
  get ports(): number[] {
    return this.#sockets.map(({ port }) => port);
  }

  get workerCount(): number {
    return this.#workers.length;
  }

  /** The workers' metrics as prom-client's JSON, one element a worker. */
  async metrics(): Promise<unknown[]> {
    const call = ++this.#calls;
    const answers = this.#workers.map((worker) => {
      const answer = reportOf(
        worker,
        (report) => report.report === 'metrics' && report.call === call,
      );
      worker.postMessage({ command: 'metrics', call } satisfies WorkerCommand);
      return answer;
    });
    const reports = await Promise.all(answers);
    return reports.map((report) => (report.report === 'metrics' ? report.metrics : []));
  }

  /**
   * Takes nothing new, answers what was asked. The drained threads are left to end with the process:
   * ending one closes the descriptor of the shared socket under the others.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      this.#workers.map((worker) => {
        const drained = reportOf(worker, ({ report }) => report === 'drained');
        worker.postMessage({ command: 'drain' } satisfies WorkerCommand);
        return drained;
      }),
    );
    for (const worker of this.#workers) worker.unref();
  }

  #startWorker(index: number, options: SwitchOptions): Promise<void> {
    const ledgerPort = options.ledger.connect();
    const input: WorkerInput = {
      name: `switch-${index + 1}`,
      logLevel: options.logLevel,
      dataDir: options.dataDir,
      hsm: options.hsm,
      ledgerPort,
      ledgerGeneration: options.ledger.generation,
      encryptionKey: options.encryptionKey,
      listeners: options.listeners.map((config, at) => ({ fd: this.#sockets[at]!.fd, config })),
    };
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      name: input.name,
      workerData: input,
      transferList: [ledgerPort],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
    this.#workers.push(worker);
    return new Promise((resolve, reject) => {
      worker.once('error', (error) => {
        reject(error);
        if (!this.#stopping) this.emit('failed', error as Error);
      });
      worker.once('exit', () => {
        if (!this.#stopping) this.emit('failed', new Error(`${input.name} ended by itself`));
      });
      reportOf(worker, ({ report }) => report === 'ready').then(() => resolve());
    });
  }
}

/** The next report of a worker that is wanted. */
function reportOf(
  worker: Worker,
  wanted: (report: WorkerReport) => boolean,
): Promise<WorkerReport> {
  return new Promise((resolve) => {
    const listener = (report: WorkerReport) => {
      if (!wanted(report)) return;
      worker.off('message', listener);
      resolve(report);
    };
    worker.on('message', listener);
  });
}
