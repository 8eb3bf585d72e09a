/**
 * The switch as the main thread sees it: sockets bound once, worker threads that share them, and
 * one rule of supervision: a worker that ends by itself is a fault of ours, and the process stops
 * loudly rather than go on with less.
 *
 * A change of configuration or program starts fresh workers beside the old ones. These give their
 * connections away as soon as nothing is under way on them, and end; no peer notices. A connection that
 * cannot leave its thread (TLS) keeps an old worker until it falls silent, the next change at the latest.
 */
import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { AggregatorRegistry } from 'prom-client';
import type { ListenerConfig } from '../config/schema.ts';
import type { HsmConfig } from '../hsm/types.ts';
import type { Ledger } from '../ledger/writer-host.ts';
import { canDuplicate } from './connections/duplicate-descriptor.ts';
import type { WorkerHosts } from './hosts/worker-hosts.ts';
import { ListeningSockets } from './listening-sockets.ts';
import { WorkerThread } from './worker-thread.ts';

/** What a reload may change. */
export interface SwitchSettings {
  listeners: ListenerConfig[];
  /** 0: one for each processor but one, at least one. */
  workers: number;
  logLevel: string;
}

export interface SwitchOptions extends SwitchSettings {
  dataDir: string;
  hsm: HsmConfig;
  ledger: Ledger;
  encryptionKey: Uint8Array | undefined;
  /** A worker's way to the hosts, a new one for each worker. */
  hosts: () => WorkerHosts;
}

/** Emits `failed` when a worker ends by itself. */
export class Switch extends EventEmitter<{ failed: [Error] }> {
  readonly #options: SwitchOptions;
  #sockets: ListeningSockets;
  #workers: WorkerThread[] = [];
  /** Old ones that still have connections. */
  readonly #staying = new Set<WorkerThread>();
  /** What workers counted that are gone. */
  readonly #retired: unknown[] = [];
  #adoptions = 0;
  #reloading: Promise<void> = Promise.resolve();

  private constructor(options: SwitchOptions, sockets: ListeningSockets) {
    super();
    this.#options = options;
    this.#sockets = sockets;
  }

  /** Binds the sockets and starts the workers; resolves when all of them accept. */
  static async start(options: SwitchOptions): Promise<Switch> {
    const started = new Switch(options, ListeningSockets.bind(options.listeners));
    started.#workers = await started.#startWorkers(options, started.#sockets);
    return started;
  }

  /** The port that each listener got, in the order of the configuration. */
  get ports(): number[] {
    return this.#sockets.ports;
  }

  get workerCount(): number {
    return this.#workers.length;
  }

  /** The workers' metrics as prom-client's JSON, one element a worker and one for those before. */
  async metrics(): Promise<unknown[]> {
    const retired = [...this.#retired];
    const workers = [...this.#workers, ...this.#staying];
    return [...retired, ...(await Promise.all(workers.map((worker) => worker.metrics())))];
  }

  /**
   * Changes to new settings (or to a new program on disk) without losing a connection or a request.
   * Throws before anything has changed: an address that cannot be had, a system without `dup`.
   */
  reload(settings: SwitchSettings): Promise<void> {
    const done = this.#reloading.then(() => this.#replaceWorkers(settings));
    this.#reloading = done.catch(() => {});
    return done;
  }

  /** Takes nothing new, answers what was asked. */
  async stop(): Promise<void> {
    await this.#reloading;
    const workers = [...this.#workers, ...this.#staying];
    await Promise.all(workers.map((worker) => worker.drain()));
    for (const worker of workers) worker.unref();
  }

  async #replaceWorkers(settings: SwitchSettings): Promise<void> {
    if (!canDuplicate) {
      throw new Error('workers cannot be changed here: the optional package koffi is missing');
    }
    const before = { sockets: this.#sockets, workers: this.#workers };
    const sockets = ListeningSockets.bind(settings.listeners, before.sockets);
    let workers: WorkerThread[];
    try {
      workers = await this.#startWorkers(settings, sockets);
    } catch (error) {
      sockets.closeAllBut(before.sockets);
      throw error;
    }
    this.#sockets = sockets;
    this.#workers = workers;
    const lasting = before.sockets.lastingIn(sockets);
    await Promise.all([
      ...[...this.#staying].map((worker) => worker.drain()),
      ...before.workers.map((worker) => this.#retire(worker, lasting)),
    ]);
    await this.#sumUpRetired();
    before.sockets.closeAllBut(sockets);
  }

  /** Ends a worker whose work is with others now, at once or when its last connections have ended. */
  async #retire(worker: WorkerThread, lasting: string[]): Promise<void> {
    this.#staying.add(worker);
    worker.on('moved', (listener, connection) => {
      this.#adoptions = (this.#adoptions + 1) % this.#workers.length;
      this.#workers[this.#adoptions]!.adopt(listener, connection);
    });
    const { staying, drained } = await worker.leave(lasting);
    const ended = drained.then(() => this.#end(worker));
    if (!staying) await ended;
  }

  /** What it counted still counts: it is asked until the moment when its last word takes its place. */
  async #end(worker: WorkerThread): Promise<void> {
    const counted = await worker.metrics();
    this.#staying.delete(worker);
    this.#retired.push(counted);
    await worker.terminate();
  }

  async #sumUpRetired(): Promise<void> {
    const { length } = this.#retired;
    if (length < 2) return;
    const all = AggregatorRegistry.aggregate([...this.#retired] as object[]);
    this.#retired.splice(0, length, await all.getMetricsAsJSON());
  }

  async #startWorkers(
    settings: SwitchSettings,
    sockets: ListeningSockets,
  ): Promise<WorkerThread[]> {
    const count = settings.workers || Math.max(1, availableParallelism() - 1);
    const starting = Array.from({ length: count }, (_, index) =>
      this.#startWorker(`switch-${index + 1}`, settings, sockets),
    );
    const ended = await Promise.allSettled(starting);
    const failed = ended.find((result) => result.status === 'rejected');
    const workers = ended.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    if (failed !== undefined) {
      await Promise.all(workers.map((worker) => worker.terminate()));
      throw failed.reason;
    }
    for (const worker of workers) worker.on('failed', (error) => this.emit('failed', error));
    return workers;
  }

  #startWorker(
    name: string,
    { logLevel }: SwitchSettings,
    sockets: ListeningSockets,
  ): Promise<WorkerThread> {
    const { dataDir, hsm, ledger, encryptionKey, hosts } = this.#options;
    return WorkerThread.start({
      name,
      logLevel,
      dataDir,
      hsm,
      ledgerPort: ledger.connect(),
      ledgerGeneration: ledger.generation,
      encryptionKey,
      hosts: hosts(),
      listeners: sockets.forWorker(),
    });
  }
}
