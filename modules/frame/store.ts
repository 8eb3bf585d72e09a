/**
 * A module's own store: one LMDB environment in its folder, with the module's rows and the position
 * that they tell, written in one transaction. In an encrypted deployment the values are encrypted as
 * the ledger's are; keys stay readable, so that they sort: what must not be readable in them goes
 * through `nameOf`.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { LedgerError } from '../../ledger/errors.ts';
import { Table as ByteTable } from '../../ledger/lmdb-table.ts';
import { ValueCipher } from '../../ledger/value-cipher.ts';
import { behindPrefix, decodeText, KeyWriter, rowKey, valueFrom } from './encoding.ts';
import { GatheredRows } from './gathered-rows.ts';
import type { Range, Table, TableSource, WritableTable, WritableTableSource } from './module.ts';

/** What the rows tell: which module's data this is, and of which journal up to where. */
export interface StoreState {
  /** Of the module that wrote the rows. */
  version: number;
  /** Of the last record that was applied; 0: none. */
  position: number;
  /** Id and time of that record: tells another journal from this one. */
  mark: string;
}

export interface StoreOptions {
  folder: string;
  encryptionKey?: Uint8Array | undefined;
}

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const;
const STATE_KEY = Buffer.from('state');
const KEY_CHECK_KEY = Buffer.from('key-check');
const NAME_HEX_DIGITS = 32;
const TABLE_NAME = /^[a-z][a-z0-9-]*$/;

class StoreFolder {
  protected readonly root: RootDatabase<Buffer, Buffer>;
  protected readonly rows: ByteTable;
  protected readonly meta: ByteTable;
  private readonly nameKey: Uint8Array | null;

  protected constructor({ folder, encryptionKey }: StoreOptions, readOnly: boolean) {
    const cipher = encryptionKey === undefined ? null : new ValueCipher(encryptionKey);
    this.nameKey =
      encryptionKey === undefined
        ? null
        : createHmac('sha256', encryptionKey).update('posp module names').digest();
    this.root = open<Buffer, Buffer>(folder, { ...BINARY, maxDbs: 4, noSubdir: false, readOnly });
    this.meta = new ByteTable(this.root, 'meta', null);
    this.rows = new ByteTable(this.root, 'rows', cipher);
    const check = cipher === null ? Buffer.of(0) : cipher.check;
    const stored = this.meta.get(KEY_CHECK_KEY);
    if (stored === undefined && !readOnly) this.meta.put(KEY_CHECK_KEY, check);
    else if (stored === undefined || !stored.equals(check)) {
      void this.root.close();
      throw new LedgerError('wrong_key', `${folder} is encrypted with another key`);
    }
  }

  /** How far the rows are; version 0 in a new store. */
  get state(): StoreState {
    const stored = this.meta.get(STATE_KEY);
    if (stored === undefined) return { version: 0, position: 0, mark: '' };
    return JSON.parse(stored.toString('utf8')) as StoreState;
  }

  nameOf(text: string): string {
    if (this.nameKey === null) return text;
    return createHmac('sha256', this.nameKey).update(text).digest('hex').slice(0, NAME_HEX_DIGITS);
  }

  /** Everything in the store in the order of the keys, decrypted: to compare two stores. */
  *entries(): Iterable<{ key: Buffer; value: Buffer }> {
    yield* this.rows.range({});
  }

  async close(): Promise<void> {
    await this.root.close();
  }

  protected read<Value>(table: string, key: string): Value | undefined {
    const value = this.rows.get(rowKey(table, key));
    return value === undefined ? undefined : (valueFrom(decodeText(value)) as Value);
  }

  protected *scan<Value>(table: string, range: Range): Iterable<{ key: string; value: Value }> {
    const start = rowKey(table, '').length;
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    if (left <= 0) return;
    for (const { key, value } of this.rowsOf(table, range)) {
      yield { key: key.toString('utf8', start), value: valueFrom(decodeText(value)) as Value };
      left--;
      if (left === 0) return;
    }
  }

  private *rowsOf(table: string, { from, to, prefix = '', reverse }: Range) {
    const low = largest(rowKey(table, prefix), from === undefined ? null : rowKey(table, from));
    const prefixEnd = behindPrefix(rowKey(table, prefix));
    const high = smallest(prefixEnd, to === undefined ? null : rowKey(table, to));
    if (Buffer.compare(low, high) >= 0) return;
    const options = reverse ? { start: high, reverse: true } : { start: low, end: high };
    for (const row of this.rows.range(options)) {
      if (Buffer.compare(row.key, high) >= 0) continue;
      if (Buffer.compare(row.key, low) < 0) return;
      yield row;
    }
  }
}

/** The store as its follower has it: the only one that writes. */
export class ModuleStore extends StoreFolder implements WritableTableSource {
  readonly #tables = new Map<string, WritableTable<never>>();
  /** By table. */
  readonly #gathered = new Map<string, GatheredRows>();
  #writing = false;

  private constructor(options: StoreOptions) {
    super(options, false);
  }

  /** Opens the folder; one that cannot be read with the key is made anew, for it is only a view. */
  static open(options: StoreOptions): ModuleStore {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    try {
      return new ModuleStore(options);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      rmSync(options.folder, { recursive: true, force: true });
      mkdirSync(options.folder, { recursive: true, mode: 0o700 });
      return new ModuleStore(options);
    }
  }

  /**
   * Runs the work in one transaction and stores with it what it returns. What it throws undoes
   * everything.
   */
  write(work: () => StoreState): void {
    this.root.transactionSync(() => {
      this.#writing = true;
      try {
        const state = work();
        // Tables lie one after the other in the store, as the rows of a table do.
        for (const name of [...this.#gathered.keys()].sort()) this.#gathered.get(name)!.write();
        this.meta.put(STATE_KEY, Buffer.from(JSON.stringify(state)));
      } finally {
        this.#writing = false;
        for (const rows of this.#gathered.values()) rows.forget();
      }
    });
  }

  /** Removes every row: the next record to apply is the first one. */
  clear(version: number): void {
    this.write(() => {
      this.rows.clear();
      return { version, position: 0, mark: '' };
    });
  }

  table<Value>(name: string): WritableTable<Value> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      assert(TABLE_NAME.test(name), `${name} is not a table's name`);
      table = this.#newTable(name);
      this.#tables.set(name, table);
    }
    return table as WritableTable<unknown> as WritableTable<Value>;
  }

  #newTable(name: string): WritableTable<never> {
    const keys = new KeyWriter(name);
    const gathered = new GatheredRows({
      get: (key) => this.rows.get(keys.write(key)),
      put: (key, value) => this.rows.put(keys.write(key), value),
      remove: (key) => this.rows.remove(keys.write(key)),
    });
    this.#gathered.set(name, gathered);
    return {
      get: (key) => {
        if (!this.#writing) return this.read(name, key);
        return gathered.get(key) as never;
      },
      range: (range = {}) => {
        if (!this.#writing) return this.scan<never>(name, range);
        // A cursor does not like rows that move under it: while a record is applied, ranges are copies.
        gathered.write();
        return [...this.scan<never>(name, range)];
      },
      put: (key, value) => {
        assert(this.#writing, 'a table is written while a record is applied, and at no other time');
        keys.check(key);
        gathered.put(key, value);
      },
      remove: (key) => {
        assert(this.#writing, 'a table is written while a record is applied, and at no other time');
        gathered.remove(key);
      },
    };
  }
}

/** The store as everybody else has it. What is read without an `await` in between is one moment. */
export class ModuleStoreReader extends StoreFolder implements TableSource {
  #fresh = false;

  /** Throws LedgerError: not_found, wrong_key. */
  constructor(options: StoreOptions) {
    if (!existsSync(join(options.folder, 'data.mdb'))) {
      throw new LedgerError('not_found', `no module's data in ${options.folder}`);
    }
    super(options, true);
  }

  override get state(): StoreState {
    this.#refresh();
    return super.state;
  }

  table<Value>(name: string): Table<Value> {
    return {
      get: (key) => {
        this.#refresh();
        return this.read(name, key);
      },
      range: (range = {}) => {
        this.#refresh();
        return this.scan(name, range);
      },
    };
  }

  #refresh(): void {
    if (this.#fresh) return;
    this.#fresh = true;
    this.root.resetReadTxn();
    queueMicrotask(() => {
      this.#fresh = false;
    });
  }
}

function largest(a: Buffer, b: Buffer | null): Buffer {
  return b !== null && Buffer.compare(b, a) > 0 ? b : a;
}

function smallest(a: Buffer, b: Buffer | null): Buffer {
  return b !== null && Buffer.compare(b, a) < 0 ? b : a;
}
