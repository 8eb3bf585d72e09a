/** Starting and stopping the ledger's writer thread. */
import { EventEmitter } from 'node:events';
import { mkdirSync, realpathSync } from 'node:fs';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { LedgerClient } from './client.ts';
import { LedgerError, type LedgerErrorCode } from './errors.ts';
import { threadFile } from './thread-file.ts';
import type { RecoveryReport } from './types.ts';
import type { HostMessage, WriterData, WriterMessage } from './writer.ts';

export interface LedgerOptions {
  dataDir: string;
  /** 32 bytes: the data folder is encrypted with it. */
  encryptionKey?: Uint8Array | undefined;
  mapSizeBytes?: number;
}

/**
 * A running ledger. Emits `failed` with a LedgerError when the writer thread ends by itself; every
 * pending submit has been rejected by then, and the process must stop.
 */
export interface Ledger extends EventEmitter<{ failed: [LedgerError] }> {
  /** A port for a LedgerClient in another thread; transfer it. */
  connect(): MessagePort;
  /** A client for this thread. */
  client(): LedgerClient;
  /** For `openReader` in any thread of this process. */
  readonly generation: SharedArrayBuffer;
  readonly recovery: RecoveryReport;
  /** Answers what has arrived, writes it, and closes the folder. */
  stop(): Promise<void>;
}

/** Folders that this process writes to. */
const openFolders = new Set<string>();

/** Opens or creates the data folder, recovers, starts the writer. Throws LedgerError. */
export async function startLedger(options: LedgerOptions): Promise<Ledger> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const folder = realpathSync(options.dataDir);
  if (openFolders.has(folder)) {
    throw new LedgerError('folder_in_use', `this process writes to ${folder} already`);
  }
  openFolders.add(folder);
  const generation = new SharedArrayBuffer(4);
  const { dataDir, encryptionKey, mapSizeBytes } = options;
  const data: WriterData = { storage: { dataDir, encryptionKey, mapSizeBytes }, generation };
  const worker = new Worker(threadFile('writer', import.meta.url), { workerData: data });
  worker.once('exit', () => openFolders.delete(folder));
  const recovery = await started(worker);
  return new RunningLedger(worker, generation, recovery);
}

function started(worker: Worker): Promise<RecoveryReport> {
  return new Promise((resolve, reject) => {
    worker.once('message', (message: WriterMessage) => {
      if ('started' in message) resolve(message.started);
      else if ('failed' in message) worker.once('exit', () => reject(toError(message.failed)));
    });
    worker.once('error', reject);
  });
}

function toError({ code, message }: { code: string; message: string }): LedgerError {
  return new LedgerError(code as LedgerErrorCode, message);
}

class RunningLedger extends EventEmitter<{ failed: [LedgerError] }> implements Ledger {
  readonly generation: SharedArrayBuffer;
  readonly recovery: RecoveryReport;
  private readonly worker: Worker;
  private failure: LedgerError | null = null;
  private stopping: Promise<void> | null = null;

  constructor(worker: Worker, generation: SharedArrayBuffer, recovery: RecoveryReport) {
    super();
    this.worker = worker;
    this.generation = generation;
    this.recovery = recovery;
    worker.on('message', (message: WriterMessage) => {
      if ('failed' in message) this.failure = toError(message.failed);
    });
    worker.once('error', (error: Error) => {
      this.failure ??= new LedgerError('writer_stopped', error.message, error);
    });
    worker.once('exit', () => this.ended());
  }

  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const message: HostMessage = { connect: port2 };
    this.worker.postMessage(message, [port2]);
    return port1;
  }

  client(): LedgerClient {
    return new LedgerClient(this.connect());
  }

  stop(): Promise<void> {
    this.stopping ??= new Promise((resolve, reject) => {
      if (this.failure !== null) {
        reject(this.failure);
        return;
      }
      this.worker.once('exit', () => {
        if (this.failure === null) resolve();
        else reject(this.failure);
      });
      const message: HostMessage = { stop: true };
      this.worker.postMessage(message);
    });
    return this.stopping;
  }

  private ended(): void {
    if (this.stopping !== null && this.failure === null) return;
    this.failure ??= new LedgerError('writer_stopped', "the ledger's writer thread ended");
    // The clients' ports close with the thread; their submits are rejected before this is heard.
    const { failure } = this;
    setImmediate(() => this.emit('failed', failure));
  }
}
