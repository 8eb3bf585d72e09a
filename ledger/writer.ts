/**
 * The writer's thread: takes what the clients send, judges it group by group, sees to it that the
 * groups are written, and answers.
 */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { Committer } from './committer.ts';
import { LedgerError } from './errors.ts';
import { GroupPipeline } from './group-pipeline.ts';
import { LmdbStorage, type StorageOptions } from './lmdb-storage.ts';
import { recover } from './recovery.ts';
import { RequestQueue } from './request-queue.ts';
import type { RecoveryReport } from './types.ts';
import { WriterCore } from './writer-core.ts';
import { takeFolder } from './writer-lock.ts';

export interface WriterData {
  storage: StorageOptions;
  generation: SharedArrayBuffer;
}

/** From the host to the writer. */
export type HostMessage = { connect: MessagePort } | { stop: true };

/** From the writer to the host. */
export type WriterMessage =
  | { started: RecoveryReport }
  | { failed: { code: string; message: string } }
  | { stopped: true };

class Writer {
  private readonly storage: LmdbStorage;
  private core: WriterCore;
  private readonly queue = new RequestQueue();
  private readonly committer: Committer;
  private pipeline: GroupPipeline;
  private readonly ports = new Set<MessagePort>();
  private readonly generation: Int32Array;
  private scheduled = false;
  private stopping = false;
  private expiryTimer: NodeJS.Timeout | null = null;
  readonly recovery: RecoveryReport;

  constructor({ storage, generation }: WriterData) {
    this.generation = new Int32Array(generation);
    this.storage = new LmdbStorage(storage);
    try {
      takeFolder(this.storage, storage.dataDir);
      const recovered = recover(this.storage);
      this.recovery = recovered.report;
      this.core = new WriterCore(this.storage, recovered);
    } catch (error) {
      void this.storage.close();
      throw error;
    }
    this.committer = new Committer(this.storage, storage, () => this.run());
    this.pipeline = this.newPipeline();
    this.setExpiryTimer();
  }

  connect(port: MessagePort): void {
    this.ports.add(port);
    port.on('message', (bytes: Uint8Array) => {
      this.queue.add(port, bytes);
      this.run();
    });
    port.on('close', () => this.ports.delete(port));
  }

  /** Answers everything that has arrived, then leaves the folder in order. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.expiryTimer !== null) clearTimeout(this.expiryTimer);
    await this.committer.stop();
    this.pipeline.finish(nowUs, this.receive);
    this.core.writeCheckpoint();
    this.storage.handBack();
    for (const port of this.ports) port.close();
    await this.storage.close();
  }

  /** Groups now; what comes meanwhile after the event loop has had its turn. */
  private run(): void {
    if (this.scheduled || this.stopping) return;
    let again = true;
    try {
      again = this.pipeline.run(nowUs, this.receive);
    } catch (error) {
      this.survive(error);
    }
    this.setExpiryTimer();
    if (!again) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.run();
    });
  }

  private readonly receive = (): void => {
    for (const port of this.ports) {
      for (;;) {
        const received = receiveMessageOnPort(port);
        if (received === undefined) break;
        this.queue.add(port, received.message as Uint8Array);
      }
    }
  };

  /**
   * A full disk refuses the group and leaves the ledger as it was before it: the state is read again
   * from the disk. Everything else ends the writer.
   */
  private survive(error: unknown): void {
    if (!(error instanceof LedgerError)) throw error;
    if (error.code !== 'disk_full') {
      this.queue.fail(error);
      throw error;
    }
    this.committer.restart();
    this.storage.refresh();
    this.core = new WriterCore(this.storage, recover(this.storage));
    this.pipeline = this.newPipeline();
  }

  private newPipeline(): GroupPipeline {
    const { core, queue, committer } = this;
    return new GroupPipeline(core, queue, committer, () => Atomics.add(this.generation, 0, 1));
  }

  /** Pending transfers expire also when nobody submits anything. */
  private setExpiryTimer(): void {
    if (this.expiryTimer !== null) clearTimeout(this.expiryTimer);
    this.expiryTimer = null;
    const dueUs = this.core.nextExpiryUs;
    if (dueUs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(Math.max(0, Math.ceil((dueUs - nowUs()) / 1000)), LONGEST_TIMER_MS);
    this.expiryTimer = setTimeout(() => this.run(), delayMs);
  }
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

function nowUs(): number {
  return Date.now() * 1000;
}

function post(message: WriterMessage): void {
  parentPort!.postMessage(message);
}

function describe(error: unknown): { code: string; message: string } {
  if (error instanceof LedgerError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'writer_stopped', message };
}

function main(): void {
  process.on('uncaughtException', (error) => {
    post({ failed: describe(error) });
    setImmediate(() => process.exit(1));
  });
  const writer = new Writer(workerData as WriterData);
  parentPort!.on('message', (message: HostMessage) => {
    if ('connect' in message) writer.connect(message.connect);
    else {
      void writer.stop().then(() => {
        post({ stopped: true });
        parentPort!.close();
      });
    }
  });
  post({ started: writer.recovery });
}

if (parentPort !== null) main();
