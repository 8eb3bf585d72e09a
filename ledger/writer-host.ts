/** Starting and stopping the ledger's writer thread. */
import type { EventEmitter } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import type { LedgerClient } from './client.ts';
import type { RecoveryReport } from './types.ts';

export interface LedgerOptions {
  dataDir: string;
  /** 32 bytes: the data folder is encrypted with it. */
  encryptionKey?: Uint8Array;
  mapSizeBytes?: number;
}

/**
 * A running ledger. Emits `failed` with a LedgerError when the writer thread ends by itself; every
 * pending submit has been rejected by then, and the process must stop.
 */
export interface Ledger extends EventEmitter<{ failed: [Error] }> {
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

/** Opens or creates the data folder, recovers, starts the writer. Throws LedgerError. */
export function startLedger(options: LedgerOptions): Promise<Ledger> {
  throw new Error(`not built yet: ${options.dataDir}`);
}
