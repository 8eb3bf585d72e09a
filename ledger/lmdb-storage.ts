/**
 * The ledger's storage in LMDB. Five databases in one environment, written in one transaction per
 * group. Commits are synchronous: when the transaction returns, the data pages are synced and the
 * meta page is written through (`overlappingSync` would let it return before).
 *
 * Encryption is ours, value by value. LMDB's own would do the same to whole pages, but in lmdb-js
 * 3.5 it ends the process when two threads have the environment open.
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { hasRoom } from './disk-room.ts';
import { LedgerError } from './errors.ts';
import { checkFile } from './file-check.ts';
import { GroupView } from './group.ts';
import { Table } from './lmdb-table.ts';
import { registryKey } from './registry-change.ts';
import type {
  CheckpointTable,
  CommitBatch,
  Storage,
  StoredGroup,
  StoredRegistryItem,
} from './storage.ts';
import {
  pageKey,
  positionKey,
  type ReadRegistryItem,
  readPosition,
  readRegistryValue,
  registryValue,
} from './stored-bytes.ts';
import { ValueCipher } from './value-cipher.ts';

/** Version of what is written in the folder. A newer one is refused, an older one would be converted. */
export const SCHEMA_VERSION = 1;

export interface StorageOptions {
  dataDir: string;
  /** 32 bytes. */
  encryptionKey?: Uint8Array | undefined;
  mapSizeBytes?: number | undefined;
  readOnly?: boolean;
}

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const;

export class LmdbStorage implements Storage {
  private readonly root: RootDatabase<Buffer, Buffer>;
  private readonly journal: Table;
  private readonly checkpoint: Table;
  private readonly registry: Table;
  private readonly history: Table;
  private readonly metaTable: Table;
  private readonly dataDir: string;
  private readonly cipher: ValueCipher | null;
  /** What `takeOver` wrote: a commit fails when another writer has written its own since. */
  private fence: Buffer | null = null;

  /** Opens the folder, and creates it unless readOnly. Throws LedgerError. */
  constructor({ dataDir, encryptionKey, mapSizeBytes, readOnly = false }: StorageOptions) {
    // A file without a byte is what a crash at the very first moment leaves.
    const isNew = (statSync(join(dataDir, 'data.mdb'), { throwIfNoEntry: false })?.size ?? 0) === 0;
    if (isNew && readOnly) throw new LedgerError('not_found', `no ledger in ${dataDir}`);
    if (isNew) mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    else checkFile(dataDir);
    this.dataDir = dataDir;
    this.cipher = encryptionKey === undefined ? null : new ValueCipher(encryptionKey);
    try {
      const mapSize = mapSizeBytes === undefined ? {} : { mapSize: mapSizeBytes };
      const options = { maxDbs: 8, noSubdir: false, overlappingSync: false, readOnly, ...mapSize };
      this.root = open<Buffer, Buffer>(dataDir, { ...BINARY, ...options });
    } catch (error) {
      throw openError(dataDir, error);
    }
    try {
      // The schema and the check of the key must be readable without the key.
      this.metaTable = new Table(this.root, 'meta', null);
      this.checkSchema(isNew);
      this.journal = new Table(this.root, 'journal', this.cipher);
      this.checkpoint = new Table(this.root, 'checkpoint', this.cipher);
      this.registry = new Table(this.root, 'registry', this.cipher);
      this.history = new Table(this.root, 'history', this.cipher);
    } catch (error) {
      void this.root.close();
      throw error instanceof LedgerError ? error : openError(dataDir, error);
    }
  }

  commit(batch: CommitBatch): void {
    try {
      this.root.transactionSync(() => this.put(batch));
    } catch (error) {
      throw error instanceof LedgerError ? error : this.commitError(error);
    }
  }

  private put({ group, pages, registry, history, meta }: CommitBatch): void {
    this.checkFence();
    if (group !== null && !this.journal.append(positionKey(group.firstPosition), group.value)) {
      throw new LedgerError('writer_fenced', `record ${group.firstPosition} exists already`);
    }
    for (const { table, page, value } of pages) this.checkpoint.put(pageKey(table, page), value);
    for (const item of registry) this.putRegistryItem(item);
    for (const { account, position, balances } of history) {
      const { buffer, byteOffset, byteLength } = balances;
      const key = Buffer.concat([account, positionKey(position)]);
      this.history.put(key, new Uint8Array(buffer, byteOffset, byteLength));
    }
    const newest = registry.reduce((version, item) => Math.max(version, item.version), 0);
    if (newest > 0) this.metaTable.put(GENERATION_KEY, positionKey(newest));
    for (const { key, value } of meta) this.metaTable.put(Buffer.from(key), value);
  }

  private putRegistryItem({ kind, key, version, body }: StoredRegistryItem): void {
    const storedKey = this.registryKeyOf(kind, key);
    if (body === null) this.registry.remove(storedKey);
    else this.registry.put(storedKey, registryValue({ key, version, body }));
  }

  /** `kind/key`; in an encrypted ledger a name stands for the key. */
  private registryKeyOf(kind: string, key: string): Buffer {
    if (this.cipher === null) return Buffer.from(registryKey(kind, key));
    return Buffer.concat([Buffer.from(`${kind}/`), this.cipher.nameOf(registryKey(kind, key))]);
  }

  private checkFence(): void {
    if (this.fence === null) return;
    if (this.metaTable.get(WRITER_KEY)?.equals(this.fence)) return;
    throw new LedgerError('writer_fenced', `another process writes to ${this.dataDir} now`);
  }

  /**
   * Makes this process the only writer. `mayTake` is asked inside of the write transaction with what
   * the writer before left behind (null: it stopped in order) and throws when that one still runs.
   */
  takeOver(identity: Uint8Array, mayTake: (current: Buffer | null) => void): void {
    this.root.transactionSync(() => {
      mayTake(this.metaTable.get(WRITER_KEY) ?? null);
      this.metaTable.put(WRITER_KEY, identity);
    });
    this.fence = Buffer.from(identity);
  }

  /** What `takeOver` wrote. */
  get writerMark(): Uint8Array {
    if (this.fence === null) throw new Error('only a writer has a mark');
    return this.fence;
  }

  /** Writes on behalf of the writer that left this mark, from another thread of it. */
  joinWriter(mark: Uint8Array): void {
    this.fence = Buffer.from(mark);
  }

  /** The end of `takeOver`. */
  handBack(): void {
    this.root.transactionSync(() => {
      this.checkFence();
      this.metaTable.remove(WRITER_KEY);
    });
    this.fence = null;
  }

  lastGroup(): StoredGroup | null {
    return this.groupBefore(null);
  }

  groupAt(position: number): StoredGroup | null {
    const group = this.groupBefore(position);
    if (group === null || position > new GroupView(group.value).lastPosition) return null;
    return group;
  }

  private groupBefore(position: number | null): StoredGroup | null {
    const start = position === null ? {} : { start: positionKey(position) };
    const range = { ...start, reverse: true, limit: 1 };
    for (const { key, value } of this.journal.range(range)) {
      return { firstPosition: readPosition(key), value };
    }
    return null;
  }

  *groups(from: number): Iterable<StoredGroup> {
    const first = this.groupBefore(from);
    const start = positionKey(first?.firstPosition ?? from);
    for (const { key, value } of this.journal.range({ start })) {
      yield { firstPosition: readPosition(key), value };
    }
  }

  *pages(table: CheckpointTable): Iterable<{ page: number; value: Uint8Array }> {
    const start = pageKey(table, 0);
    const end = pageKey(table, 0xffffffff);
    for (const { key, value } of this.checkpoint.range({ start, end })) {
      yield { page: key.readUInt32BE(1), value };
    }
  }

  registryItem(kind: string, key: string): { version: number; body: Uint8Array } | null {
    const value = this.registry.get(this.registryKeyOf(kind, key));
    return value === undefined ? null : readRegistryValue(kind, value);
  }

  *registryItems(kind?: string): Iterable<ReadRegistryItem> {
    const items = this.storedRegistryItems(kind);
    if (this.cipher === null) yield* items;
    // Names sort otherwise than the keys they stand for.
    else yield* [...items].sort((a, b) => compare(a.kind, b.kind) || compare(a.key, b.key));
  }

  private *storedRegistryItems(kind?: string): Iterable<ReadRegistryItem> {
    const range =
      kind === undefined ? {} : { start: Buffer.from(`${kind}/`), end: Buffer.from(`${kind}0`) };
    for (const { key, value } of this.registry.range(range)) {
      const itemKind = key.subarray(0, key.indexOf('/')).toString('utf8');
      const item = readRegistryValue(itemKind, value);
      if (!this.registryKeyOf(itemKind, item.key).equals(key)) {
        throw new LedgerError('storage_failed', `an item ${itemKind} of the registry is misplaced`);
      }
      yield item;
    }
  }

  registryGeneration(): number {
    const value = this.metaTable.get(GENERATION_KEY);
    return value === undefined ? 0 : readPosition(value);
  }

  balancesAt(account: Uint8Array, position: number): Float64Array | null {
    const start = Buffer.concat([account, positionKey(position)]);
    const end = Buffer.concat([account, positionKey(0)]);
    for (const { value } of this.history.range({ start, end, reverse: true, limit: 1 })) {
      return new Float64Array(new Uint8Array(value).buffer);
    }
    return null;
  }

  meta(key: string): Uint8Array | null {
    return this.metaTable.get(Buffer.from(key)) ?? null;
  }

  refresh(): void {
    this.root.resetReadTxn();
  }

  async close(): Promise<void> {
    await this.root.close();
  }

  /** Copies the whole environment while the writer goes on. */
  async backup(path: string): Promise<void> {
    await this.root.backup(path, false);
  }

  private checkSchema(isNew: boolean): void {
    const stored = this.metaTable.get(SCHEMA_KEY);
    if (stored === undefined) {
      if (!isNew) throw new LedgerError('not_found', `no ledger in ${this.dataDir}`);
      this.root.transactionSync(() => {
        this.metaTable.put(SCHEMA_KEY, Buffer.from(String(SCHEMA_VERSION)));
        if (this.cipher !== null) this.metaTable.put(KEY_CHECK_KEY, this.cipher.check);
      });
      return;
    }
    const version = Number(stored.toString());
    if (version === SCHEMA_VERSION) this.checkKey();
    else this.refuseSchema(version);
  }

  private checkKey(): void {
    const stored = this.metaTable.get(KEY_CHECK_KEY);
    const { cipher, dataDir } = this;
    if (stored === undefined && cipher === null) return;
    if (stored === undefined) throw new LedgerError('wrong_key', `${dataDir} is not encrypted`);
    if (cipher === null) {
      throw new LedgerError('wrong_key', `${dataDir} is encrypted: its key is needed`);
    }
    if (!cipher.isCheck(stored)) {
      throw new LedgerError('wrong_key', `${dataDir} is encrypted with another key`);
    }
  }

  private refuseSchema(version: number): never {
    throw new LedgerError(
      'schema_newer',
      `${this.dataDir} was written by a newer posp (schema ${version}, this one knows ${SCHEMA_VERSION})`,
    );
  }

  private commitError(error: unknown): LedgerError {
    const message = error instanceof Error ? error.message : String(error);
    return hasRoom(this.dataDir)
      ? new LedgerError('storage_failed', `cannot write to ${this.dataDir}: ${message}`, error)
      : new LedgerError('disk_full', `no room in ${this.dataDir} for another record`, error);
  }
}

const SCHEMA_KEY = Buffer.from('schema');
/** Position of the last change of the registry. */
const GENERATION_KEY = Buffer.from('registry-generation');
const KEY_CHECK_KEY = Buffer.from('key-check');
const WRITER_KEY = Buffer.from('writer');

function openError(dataDir: string, error: unknown): LedgerError {
  const message = error instanceof Error ? error.message : String(error);
  return new LedgerError('storage_failed', `${dataDir} cannot be opened: ${message}`, error);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
