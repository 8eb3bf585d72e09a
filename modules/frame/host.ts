/**
 * The modules' thread as the main thread sees it. Payments do not depend on it: when the thread
 * itself dies, that is said loudly and it is started again; the switch goes on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { HsmConfig } from '../../hsm/types.ts';
import type { Ledger } from '../../ledger/writer-host.ts';
import type { ModuleStatus } from './follower.ts';
import type { ModuleLog } from './module.ts';
import type { ModulesCommand, ModulesInput, ModulesReport } from './worker.ts';

export interface ModulesOptions {
  /** File that exports `MODULES`, as a file: address. */
  list: string;
  dataDir: string;
  ledgerDir: string;
  encryptionKey: Uint8Array | undefined;
  ledger: Ledger;
  hsm: HsmConfig;
  /** Sections of the configuration by module. */
  configs: Record<string, unknown>;
  log: ModuleLog;
}

export interface ModuleLag extends ModuleStatus {
  lagRecords: number;
  /** Age of the oldest record that is not applied yet. */
  lagSeconds: number;
}

const RESTART_MS = 5_000;

/** A batch of records lives until all modules have seen it: with little room it would be copied on the way. */
const YOUNG_GENERATION_MIB = 64;

export class Modules {
  readonly #options: ModulesOptions;
  #worker: Worker | null = null;
  #statuses: ModuleStatus[] = [];
  #problem: string | null = null;
  #stopping = false;

  private constructor(options: ModulesOptions) {
    this.#options = options;
  }

  /** Resolves when every module's store is open; catching up goes on behind. */
  static async start(options: ModulesOptions): Promise<Modules> {
    const modules = new Modules(options);
    await modules.#startThread();
    return modules;
  }

  /** What each module said last. */
  get statuses(): readonly ModuleStatus[] {
    return this.#statuses;
  }

  /** The same, with how far each is behind the journal's end. */
  lags(headPosition: number, nowMs: number): ModuleLag[] {
    return this.#statuses.map((status) => {
      const lagRecords = Math.max(0, headPosition - status.position);
      const waitingMs = status.waitingSinceUs === 0 ? 0 : nowMs - status.waitingSinceUs / 1_000;
      return { ...status, lagRecords, lagSeconds: Math.max(0, waitingMs / 1_000) };
    });
  }

  /** Why the thread does not run; null when it does. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Tries again what a module stopped at. Throws when there is no such module. */
  resume(module: string): void {
    this.#command({ command: 'resume', module: this.#known(module) });
  }

  /** Throws the module's view away and builds it from the journal. */
  rebuild(module: string): void {
    this.#command({ command: 'rebuild', module: this.#known(module) });
  }

  /** Ends the thread when what it is at is done. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const worker = this.#worker;
    if (worker === null) return;
    const ended = new Promise((done) => worker.once('exit', done));
    this.#command({ command: 'stop' });
    await ended;
  }

  #known(module: string): string {
    if (this.#statuses.some(({ name }) => name === module)) return module;
    const names = this.#statuses.map(({ name }) => name).join(', ');
    throw new Error(`there is no module ${module}; there are: ${names}`);
  }

  #command(command: ModulesCommand): void {
    this.#worker?.postMessage(command);
  }

  #startThread(): Promise<void> {
    const { ledger, log, ...plain } = this.#options;
    const ledgerPort = ledger.connect();
    const input: ModulesInput = { ...plain, ledgerPort, ledgerGeneration: ledger.generation };
    const worker = new Worker(workerFile(), {
      name: 'modules',
      workerData: input,
      transferList: [ledgerPort],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('message', (report: ModulesReport) => {
        if (report.report === 'log') {
          log[report.level](report.fields, report.message);
          return;
        }
        this.#statuses = report.statuses;
        if (report.report === 'ready') {
          this.#problem = null;
          resolve();
        }
      });
      worker.once('error', (error: Error) => {
        this.#problem = error.message;
        log.error({ err: error }, "the modules' thread failed");
        reject(error);
      });
      worker.once('exit', () => void this.#ended());
    });
  }

  async #ended(): Promise<void> {
    this.#worker = null;
    if (this.#stopping) return;
    this.#problem ??= "the modules' thread ended";
    await sleep(RESTART_MS, undefined, { ref: false });
    if (!this.#stopping) await this.#startThread().catch(() => {});
  }
}

function workerFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
}
