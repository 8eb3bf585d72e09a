/**
 * The writer's thread. It takes what has arrived, commits it as one group, answers, and takes what
 * has arrived meanwhile: the disk sets the size of the groups, no timer does.
 */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { LedgerError } from './errors.ts';
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
  private queue: RequestQueue;
  private readonly ports = new Set<MessagePort>();
  private readonly generation: Int32Array;
  private running = false;
  private scheduled = false;
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
    this.queue = this.newQueue();
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
    if (this.expiryTimer !== null) clearTimeout(this.expiryTimer);
    do {
      this.receive();
      this.queue.runGroup(nowUs());
    } while (!this.queue.isEmpty);
    this.core.writeCheckpoint();
    this.storage.handBack();
    for (const port of this.ports) port.close();
    await this.storage.close();
  }

  /** One group now; the next one after the event loop has had its turn. */
  private run(): void {
    if (this.running || this.scheduled) return;
    this.running = true;
    try {
      this.receive();
      this.queue.runGroup(nowUs());
    } catch (error) {
      this.survive(error);
    } finally {
      this.running = false;
    }
    this.setExpiryTimer();
    if (this.queue.isEmpty) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.run();
    });
  }

  private receive(): void {
    for (const port of this.ports) {
      for (;;) {
        const received = receiveMessageOnPort(port);
        if (received === undefined) break;
        this.queue.add(port, received.message as Uint8Array);
      }
    }
  }

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
    const waiting = this.queue;
    this.storage.refresh();
    this.core = new WriterCore(this.storage, recover(this.storage));
    this.queue = this.newQueue();
    waiting.moveTo(this.queue);
  }

  private newQueue(): RequestQueue {
    return new RequestQueue(this.core, () => Atomics.add(this.generation, 0, 1));
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
