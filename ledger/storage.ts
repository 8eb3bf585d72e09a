/** What the ledger asks of its storage, so that a test can put a failing one in its place. */

/** The tables of the checkpoint. */
export const CHECKPOINT_TABLES = ['accounts', 'pendings', 'tallies', 'ids'] as const;
export type CheckpointTable = (typeof CHECKPOINT_TABLES)[number];

export interface StoredGroup {
  firstPosition: number;
  value: Uint8Array;
}

export interface StoredPage {
  table: CheckpointTable;
  page: number;
  value: Uint8Array;
}

export interface StoredRegistryItem {
  kind: string;
  key: string;
  /** Position of the record of its last change. */
  version: number;
  /** Null: the item is to be removed. */
  body: Uint8Array | null;
}

/** Balances of an account with the history flag after the record at a position. */
export interface StoredBalances {
  account: Uint8Array;
  position: number;
  /** Debits pending, debits posted, credits pending, credits posted. */
  balances: Float64Array;
}

/** Everything that one commit writes, all or none. */
export interface CommitBatch {
  group: StoredGroup | null;
  pages: StoredPage[];
  registry: StoredRegistryItem[];
  history: StoredBalances[];
  meta: { key: string; value: Uint8Array }[];
}

export interface Storage {
  /** On disk when it returns. Throws LedgerError, and then nothing of the batch is there. */
  commit(batch: CommitBatch): void;
  lastGroup(): StoredGroup | null;
  /** The group that holds a position, or null when the position is beyond the head. */
  groupAt(position: number): StoredGroup | null;
  /** Groups in order, from the one that holds the position. */
  groups(from: number): Iterable<StoredGroup>;
  pages(table: CheckpointTable): Iterable<{ page: number; value: Uint8Array }>;
  registryItem(kind: string, key: string): { version: number; body: Uint8Array } | null;
  /** All items of a kind (of all kinds when left out), in the order of their keys. */
  registryItems(kind?: string): Iterable<StoredRegistryItem & { body: Uint8Array }>;
  /** Changes whenever an item of the registry does. */
  registryGeneration(): number;
  /** The account's balances after the last change at or before a position; null when there is none. */
  balancesAt(account: Uint8Array, position: number): Float64Array | null;
  meta(key: string): Uint8Array | null;
  /** Makes reads that follow see the newest commit. */
  refresh(): void;
  close(): Promise<void>;
}
