/** The host hub as the main thread sees it. */
import { EventEmitter } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { HostConfig } from '../../config/schema.ts';
import type { HsmConfig } from '../../hsm/types.ts';
import type { Ledger } from '../../ledger/writer-host.ts';
import type { RouteRule } from '../routing/rules.ts';
import type { HubCallName, HubCommand, HubInput, HubReport } from './hub-thread.ts';
import { noHosts, type WorkerHosts } from './worker-hosts.ts';

export interface HubOptions {
  hosts: HostConfig[];
  routes: RouteRule[];
  dataDir: string;
  hsm: HsmConfig;
  ledger: Ledger;
  encryptionKey: Uint8Array | undefined;
  logLevel: string;
}

/** Hosts that one process may see come and go. */
const SLOTS_MAX = 1_024;

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** Emits `failed` when the hub ends by itself: a fault of ours. */
export class HubDoor extends EventEmitter<{ failed: [Error] }> {
  readonly #options: HubOptions;
  /** A slot for every host that there has been in this process: a removed one keeps its own. */
  readonly #states = new SharedArrayBuffer(4 * SLOTS_MAX);
  readonly #slots: Record<string, number> = {};
  #hosts: HostConfig[];
  #routes: RouteRule[];
  /** What held before a reload that is under way. */
  #before: { hosts: HostConfig[]; routes: RouteRule[] } | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #calls = 0;
  #stopping = false;

  private constructor(options: HubOptions) {
    super();
    this.#options = options;
    this.#hosts = options.hosts;
    this.#routes = options.routes;
    this.#giveSlots(options.hosts);
  }

  /** Resolves when what the last run left open is taken care of; there is no thread without hosts. */
  static async start(options: HubOptions): Promise<HubDoor> {
    const door = new HubDoor(options);
    if (options.hosts.length > 0) await door.#startThread();
    return door;
  }

  /**
   * Begins a change of hosts and routes: hosts that are new are connected to, and workers that start
   * from now on know the new ones. Rejects, and nothing has changed, when a host cannot be listened for.
   */
  async prepare(hosts: HostConfig[], routes: RouteRule[]): Promise<void> {
    this.#giveSlots(hosts);
    const before = { hosts: this.#hosts, routes: this.#routes };
    if (this.#worker !== null) await this.#call('add-hosts', { hosts, slots: this.#slots });
    this.#hosts = hosts;
    if (this.#worker === null && hosts.length > 0) await this.#startThread();
    this.#routes = routes;
    this.#before = before;
  }

  /** Ends the change, when no worker knows the old ones any more. */
  async commit(): Promise<void> {
    this.#before = null;
    if (this.#worker !== null) await this.#call('change-hosts', { hosts: this.#hosts });
  }

  /** Takes the change back: hosts that were new end. */
  async rollback(): Promise<void> {
    if (this.#before === null) return;
    this.#hosts = this.#before.hosts;
    this.#routes = this.#before.routes;
    await this.commit();
  }

  /** A worker's way to the hosts; a new one for each worker. */
  forWorker(): WorkerHosts {
    if (this.#worker === null) return noHosts();
    const hosts = this.#hosts;
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ command: 'connect', port: port1 } satisfies HubCommand, [port1]);
    return {
      port: port2,
      slots: Object.fromEntries(hosts.map(({ name }) => [name, this.#slots[name]!])),
      states: this.#states,
      codes: Object.fromEntries(hosts.map(({ name, responseCodes }) => [name, responseCodes])),
      routes: this.#routes,
    };
  }

  /** Prom-client's JSON; nothing without hosts. */
  async metrics(): Promise<unknown[]> {
    return this.#worker === null ? [] : [await this.#call('metrics')];
  }

  async status(): Promise<unknown> {
    return this.#worker === null ? [] : this.#call('status');
  }

  async listForwards(): Promise<unknown> {
    return this.#worker === null ? [] : this.#call('saf-list');
  }

  /** Rejects with a sentence when nothing is owed for the position. */
  async retryForward(position: number): Promise<unknown> {
    return this.#call('saf-retry', { position });
  }

  async closeForward(position: number, who: string, reason: string): Promise<unknown> {
    return this.#call('saf-close', { position, who, reason });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#worker === null) return;
    await this.#call('stop');
    await this.#worker.terminate();
  }

  #giveSlots(hosts: HostConfig[]): void {
    for (const { name } of hosts) {
      if (this.#slots[name] !== undefined) continue;
      const slot = Object.keys(this.#slots).length;
      if (slot >= SLOTS_MAX) throw new Error('there were too many hosts: posp must be restarted');
      this.#slots[name] = slot;
    }
  }

  #call(name: HubCallName, argument: Record<string, unknown> = {}): Promise<unknown> {
    if (this.#worker === null) return Promise.reject(new Error('no hosts are configured'));
    const call = ++this.#calls;
    this.#worker.postMessage({ command: 'call', call, name, argument } satisfies HubCommand);
    return new Promise((resolve, reject) => this.#waiting.set(call, { resolve, reject }));
  }

  #startThread(): Promise<void> {
    const { dataDir, hsm, ledger, encryptionKey, logLevel } = this.#options;
    const ledgerPort = ledger.connect();
    const { generation: ledgerGeneration } = ledger;
    const input: HubInput = {
      configs: this.#hosts,
      states: this.#states,
      slots: this.#slots,
      logLevel,
      dataDir,
      hsm,
      ledgerPort,
      ledgerGeneration,
      encryptionKey,
    };
    const worker = new Worker(new URL('./hub-thread.js', import.meta.url), {
      name: 'hosts',
      workerData: input,
      transferList: [ledgerPort],
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.once('error', (error) => {
        reject(error);
        if (!this.#stopping) this.emit('failed', error as Error);
      });
      worker.once('exit', () => {
        if (!this.#stopping) this.emit('failed', new Error('the host hub ended by itself'));
      });
      worker.on('message', (message: HubReport) => {
        if (message.report === 'ready') resolve();
        else this.#finish(message);
      });
    });
  }

  #finish(message: Exclude<HubReport, { report: 'ready' }>): void {
    const waiting = this.#waiting.get(message.call);
    this.#waiting.delete(message.call);
    if (message.report === 'result') waiting?.resolve(message.result);
    else waiting?.reject(new Error(message.message));
  }
}
