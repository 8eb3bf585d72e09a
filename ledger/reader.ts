/** Reading the journal and the registry, from any thread or another process, also while a writer runs. */
import type { JournalRecord, LedgerHead, RegistryReader } from './types.ts';

export interface ReaderOptions {
  encryptionKey?: Uint8Array;
  /** `Ledger.generation` of the same process: makes the registry's freshness check one memory read. */
  generation?: SharedArrayBuffer;
}

export interface Reader {
  head(): LedgerHead;
  record(position: number): JournalRecord | null;
  /** Records from (default 1) to (default the head when the call was made), both included. */
  records(range?: { from?: number; to?: number }): Iterable<JournalRecord>;
  /** Records from a position on, then new ones as they come, until the signal aborts. */
  follow(from: number, signal: AbortSignal): AsyncIterable<JournalRecord>;
  readonly registry: RegistryReader;
  close(): Promise<void>;
}

export function openReader(dataDir: string, options: ReaderOptions = {}): Reader {
  throw new Error(`not built yet: ${dataDir} ${Object.keys(options)}`);
}
