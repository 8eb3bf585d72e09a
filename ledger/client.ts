/** The door to the ledger from any thread. */
import type { MessagePort } from 'node:worker_threads';
import type { Account, Entry, EntryResult, EntryStatus, Id, TallyValue } from './types.ts';

/** Entries that were submitted in one event-loop turn cross to the writer as one message. */
export class LedgerClient {
  constructor(port: MessagePort) {
    void port;
  }

  /**
   * Resolves when the entry's record is on disk (at once for a dry run, which records nothing).
   * Rejects with LedgerError when the writer cannot record it.
   */
  submit(entry: Entry, options?: { dryRun?: boolean }): Promise<EntryResult> {
    throw new Error(`not built yet: ${entry.institution} ${options?.dryRun}`);
  }

  /** What is on disk of each account, null for one that is not open. */
  accounts(ids: Id[]): Promise<(Account | null)[]> {
    throw new Error(`not built yet: ${ids.length}`);
  }

  tallies(subjects: Id[]): Promise<TallyValue[]> {
    throw new Error(`not built yet: ${subjects.length}`);
  }

  /** Where the record of each entry is and how it ended; null for an unknown id. */
  entries(ids: Id[]): Promise<({ position: number; status: EntryStatus } | null)[]> {
    throw new Error(`not built yet: ${ids.length}`);
  }

  close(): void {}
}
