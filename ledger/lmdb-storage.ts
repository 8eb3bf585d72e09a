/**
 * The ledger's storage in LMDB. Five databases in one environment, written in one transaction per
 * group. Commits are synchronous: when the transaction returns, the data pages are synced and the
 * meta page is written through (`overlappingSync` would let it return before).
 */
import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { LedgerError } from './errors.ts';
import { GroupView } from './group.ts';
import { registryKey } from './registry-change.ts';
import {
  CHECKPOINT_TABLES,
  type CheckpointTable,
  type CommitBatch,
  type Storage,
  type StoredGroup,
  type StoredRegistryItem,
} from './storage.ts';

/** Version of what is written in the folder. A newer one is refused, an older one would be converted. */
export const SCHEMA_VERSION = 1;

export interface StorageOptions {
  dataDir: string;
  /** 32 bytes. */
  encryptionKey?: Uint8Array | undefined;
  mapSizeBytes?: number | undefined;
  readOnly?: boolean;
}

type Store = Database<Buffer, Buffer>;

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const;

export class LmdbStorage implements Storage {
  private readonly root: RootDatabase<Buffer, Buffer>;
  private readonly journal: Store;
  private readonly checkpoint: Store;
  private readonly registry: Store;
  private readonly history: Store;
  private readonly metaStore: Store;
  private readonly dataDir: string;
  /** What `takeOver` wrote: a commit fails when another writer has written its own since. */
  private fence: Buffer | null = null;

  /** Opens the folder, and creates it unless readOnly. Throws LedgerError. */
  constructor({ dataDir, encryptionKey, mapSizeBytes, readOnly = false }: StorageOptions) {
    const isNew = !existsSync(join(dataDir, 'data.mdb'));
    if (isNew && readOnly) throw new LedgerError('not_found', `no ledger in ${dataDir}`);
    if (isNew) mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    this.dataDir = dataDir;
    try {
      this.root = open<Buffer, Buffer>(dataDir, {
        ...BINARY,
        maxDbs: 8,
        noSubdir: false,
        overlappingSync: false,
        readOnly,
        ...(mapSizeBytes === undefined ? {} : { mapSize: mapSizeBytes }),
        ...(encryptionKey === undefined ? {} : { encryptionKey: Buffer.from(encryptionKey) }),
      });
    } catch (error) {
      throw openError(dataDir, encryptionKey !== undefined, error);
    }
    try {
      const options = BINARY;
      this.metaStore = this.root.openDB('meta', options);
      this.checkSchema(isNew);
      this.journal = this.root.openDB('journal', options);
      this.checkpoint = this.root.openDB('checkpoint', options);
      this.registry = this.root.openDB('registry', options);
      this.history = this.root.openDB('history', options);
    } catch (error) {
      void this.root.close();
      throw error instanceof LedgerError
        ? error
        : openError(dataDir, encryptionKey !== undefined, error);
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
    if (group !== null) {
      const key = positionKey(group.firstPosition);
      const appended: unknown = this.journal.putSync(key, asBuffer(group.value), { append: true });
      if (!appended) throw new LedgerError('writer_fenced', `record ${group.firstPosition} exists`);
    }
    for (const { table, page, value } of pages) {
      this.checkpoint.putSync(pageKey(table, page), asBuffer(value));
    }
    for (const { kind, key, version, body } of registry) {
      const itemKey = Buffer.from(registryKey(kind, key));
      if (body === null) this.registry.removeSync(itemKey);
      else this.registry.putSync(itemKey, Buffer.concat([positionKey(version), body]));
    }
    const newest = registry.reduce((version, item) => Math.max(version, item.version), 0);
    if (newest > 0) this.metaStore.putSync(GENERATION_KEY, positionKey(newest));
    for (const { account, position, balances } of history) {
      const key = Buffer.concat([account, positionKey(position)]);
      const { buffer, byteOffset, byteLength } = balances;
      this.history.putSync(key, Buffer.from(buffer, byteOffset, byteLength));
    }
    for (const { key, value } of meta) this.metaStore.putSync(Buffer.from(key), asBuffer(value));
  }

  private checkFence(): void {
    if (this.fence === null) return;
    if (this.metaStore.get(WRITER_KEY)?.equals(this.fence)) return;
    throw new LedgerError('writer_fenced', `another process writes to ${this.dataDir} now`);
  }

  /**
   * Makes this process the only writer. `mayTake` is asked inside of the write transaction with what
   * the writer before left behind (null: it stopped in order) and throws when that one still runs.
   */
  takeOver(identity: Uint8Array, mayTake: (current: Buffer | null) => void): void {
    this.root.transactionSync(() => {
      mayTake(this.metaStore.get(WRITER_KEY) ?? null);
      this.metaStore.putSync(WRITER_KEY, asBuffer(identity));
    });
    this.fence = asBuffer(identity);
  }

  /** The end of `takeOver`. */
  handBack(): void {
    this.root.transactionSync(() => {
      this.checkFence();
      this.metaStore.removeSync(WRITER_KEY);
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
    for (const { key, value } of this.journal.getRange({ ...start, reverse: true, limit: 1 })) {
      return { firstPosition: readPosition(key), value };
    }
    return null;
  }

  *groups(from: number): Iterable<StoredGroup> {
    const first = this.groupBefore(from);
    const start = positionKey(first?.firstPosition ?? from);
    for (const { key, value } of this.journal.getRange({ start })) {
      yield { firstPosition: readPosition(key), value };
    }
  }

  *pages(table: CheckpointTable): Iterable<{ page: number; value: Uint8Array }> {
    const start = pageKey(table, 0);
    const end = pageKey(table, 0xffffffff);
    for (const { key, value } of this.checkpoint.getRange({ start, end })) {
      yield { page: key.readUInt32BE(1), value };
    }
  }

  registryItem(kind: string, key: string): { version: number; body: Uint8Array } | null {
    const value = this.registry.get(Buffer.from(registryKey(kind, key)));
    return value === undefined ? null : { version: readPosition(value), body: value.subarray(8) };
  }

  *registryItems(kind?: string): Iterable<StoredRegistryItem & { body: Uint8Array }> {
    const range =
      kind === undefined ? {} : { start: Buffer.from(`${kind}/`), end: Buffer.from(`${kind}0`) };
    for (const { key, value } of this.registry.getRange(range)) {
      const text = key.toString('utf8');
      const slash = text.indexOf('/');
      const body = value.subarray(8);
      const version = readPosition(value);
      yield { kind: text.slice(0, slash), key: text.slice(slash + 1), version, body };
    }
  }

  registryGeneration(): number {
    const value = this.metaStore.get(GENERATION_KEY);
    return value === undefined ? 0 : readPosition(value);
  }

  balancesAt(account: Uint8Array, position: number): Float64Array | null {
    const start = Buffer.concat([account, positionKey(position)]);
    const end = Buffer.concat([account, positionKey(0)]);
    for (const { value } of this.history.getRange({ start, end, reverse: true, limit: 1 })) {
      return new Float64Array(new Uint8Array(value).buffer);
    }
    return null;
  }

  meta(key: string): Uint8Array | null {
    return this.metaStore.get(Buffer.from(key)) ?? null;
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
    const stored = this.metaStore.get(SCHEMA_KEY);
    if (stored === undefined) {
      if (!isNew) throw new LedgerError('not_found', `no ledger in ${this.dataDir}`);
      const value = Buffer.from(String(SCHEMA_VERSION));
      this.root.transactionSync(() => this.metaStore.putSync(SCHEMA_KEY, value));
      return;
    }
    const version = Number(stored.toString());
    if (version === SCHEMA_VERSION) return;
    throw new LedgerError(
      'schema_newer',
      `${this.dataDir} was written by a newer posp (schema ${version}, this one knows ${SCHEMA_VERSION})`,
    );
  }

  private commitError(error: unknown): LedgerError {
    const { bavail, bsize } = statfsSync(this.dataDir);
    const message = error instanceof Error ? error.message : String(error);
    return bavail * bsize < FULL_BYTES
      ? new LedgerError('disk_full', `no room in ${this.dataDir} for another record`, error)
      : new LedgerError('storage_failed', `cannot write to ${this.dataDir}: ${message}`, error);
  }
}

const SCHEMA_KEY = Buffer.from('schema');
/** Position of the last change of the registry. */
const GENERATION_KEY = Buffer.from('registry-generation');
const WRITER_KEY = Buffer.from('writer');

/** LMDB reports a short write as an input/output error; with less room than this it was the room. */
const FULL_BYTES = 64 * 1024 * 1024;

function openError(dataDir: string, withKey: boolean, error: unknown): LedgerError {
  const message = error instanceof Error ? error.message : String(error);
  return withKey
    ? new LedgerError('wrong_key', `${dataDir} cannot be opened with this key: ${message}`, error)
    : new LedgerError('storage_failed', `${dataDir} cannot be opened: ${message}`, error);
}

/** A position as eight bytes that sort as the number does. */
function positionKey(position: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeUInt32BE(Math.floor(position / 0x100000000), 0);
  key.writeUInt32BE(position >>> 0, 4);
  return key;
}

function readPosition(key: Buffer): number {
  return key.readUInt32BE(0) * 0x100000000 + key.readUInt32BE(4);
}

function pageKey(table: CheckpointTable, page: number): Buffer {
  const key = Buffer.allocUnsafe(5);
  key[0] = CHECKPOINT_TABLES.indexOf(table) + 1;
  key.writeUInt32BE(page, 1);
  return key;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
