/** Reading the journal and the registry, from any thread or another process, also while a writer runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeRecord } from './decode.ts';
import { GroupView } from './group.ts';
import { dateText, type InstitutionDays } from './institutions.ts';
import { LmdbStorage } from './lmdb-storage.ts';
import { balancesFrom } from './messages-between-threads.ts';
import { checkedGroup, META_INSTITUTIONS, readJson } from './recovery.ts';
import { CachedRegistry } from './registry.ts';
import type { Storage } from './storage.ts';
import type { Balances, Id, JournalRecord, LedgerHead, RegistryReader } from './types.ts';

export interface ReaderOptions {
  encryptionKey?: Uint8Array | undefined;
  /** `Ledger.generation` of the same process: makes the registry's freshness check one memory read. */
  generation?: SharedArrayBuffer | undefined;
}

export interface Reader {
  /** The end of the journal now. */
  head(): LedgerHead;
  record(position: number): JournalRecord | null;
  /** Records from (default 1) to (default the head when the call was made), both included. */
  records(range?: { from?: number; to?: number }): Iterable<JournalRecord>;
  /** The chain's hash (32 bytes) after the group that holds the position; null when none does. */
  chainHashAt(position: number): Uint8Array | null;
  /** Records from a position on, then new ones as they come, until the signal aborts. */
  follow(from: number, signal: AbortSignal): AsyncIterable<JournalRecord>;
  /**
   * Balances of an account with the history flag after the record at a position; null when the
   * account has not moved by then, or keeps no history.
   */
  balancesAt(account: Id, position: number): Balances | null;
  readonly registry: RegistryReader;
  close(): Promise<void>;
}

/** Opens a data folder for reading. Throws LedgerError: not_found, schema_newer, wrong_key. */
export function openReader(dataDir: string, options: ReaderOptions = {}): Reader {
  const { encryptionKey, generation } = options;
  const storage = new LmdbStorage({ dataDir, encryptionKey, readOnly: true });
  return new StorageReader(storage, generation);
}

/** How often a follower looks for new records when there were none. */
const FOLLOW_INTERVAL_MS = 20;

export class StorageReader implements Reader {
  readonly registry: RegistryReader;
  private readonly storage: Storage;
  /** The group that was read last: the next record is often in it. */
  private group: GroupView | null = null;

  constructor(storage: Storage, generation?: SharedArrayBuffer) {
    this.storage = storage;
    this.registry = new CachedRegistry(storage, generation);
  }

  head(): LedgerHead {
    this.storage.refresh();
    const institutions = readJson<InstitutionDays[]>(this.storage, META_INSTITUTIONS) ?? [];
    const businessDates: Record<string, string> = {};
    for (const { name, dates } of institutions) {
      if (name !== '') businessDates[name] = dateText(dates.at(-1) ?? 0);
    }
    const last = this.storage.lastGroup();
    if (last === null) {
      return { position: 0, chainHash: new Uint8Array(32), timestampUs: 0, businessDates };
    }
    const group = new GroupView(last.value);
    const timestampUs = group.timestampUs + group.count - 1;
    const hash = new Uint8Array(group.hash);
    return { position: group.lastPosition, chainHash: hash, timestampUs, businessDates };
  }

  record(position: number): JournalRecord | null {
    const held = this.group;
    if (held !== null && position >= held.firstPosition && position <= held.lastPosition) {
      return decodeRecord(held, position);
    }
    this.storage.refresh();
    const stored = this.storage.groupAt(position);
    if (stored === null) return null;
    this.group = checkedGroup(stored.firstPosition, stored.value, null);
    return decodeRecord(this.group, position);
  }

  chainHashAt(position: number): Uint8Array | null {
    this.storage.refresh();
    const stored = this.storage.groupAt(position);
    return stored === null ? null : new Uint8Array(new GroupView(stored.value).hash);
  }

  *records(range: { from?: number; to?: number } = {}): Iterable<JournalRecord> {
    const from = Math.max(1, range.from ?? 1);
    const to = Math.min(range.to ?? Number.POSITIVE_INFINITY, this.head().position);
    if (from > to) return;
    for (const { firstPosition, value } of this.storage.groups(from)) {
      const group = checkedGroup(firstPosition, value, null);
      const end = Math.min(to, group.lastPosition);
      for (let position = Math.max(from, firstPosition); position <= end; position++) {
        yield decodeRecord(group, position);
      }
      if (group.lastPosition >= to) return;
    }
  }

  async *follow(from: number, signal: AbortSignal): AsyncIterable<JournalRecord> {
    let next = Math.max(1, from);
    while (!signal.aborted) {
      const { position } = this.head();
      while (next <= position && !signal.aborted) {
        const record = this.record(next);
        if (record === null) break;
        next++;
        yield record;
      }
      if (next > position) await sleep(FOLLOW_INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
  }

  balancesAt(account: Id, position: number): Balances | null {
    this.storage.refresh();
    const balances = this.storage.balancesAt(account, position);
    return balances === null ? null : balancesFrom(balances, 0);
  }

  close(): Promise<void> {
    return this.storage.close();
  }
}
