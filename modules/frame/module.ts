/**
 * What a module is: a view of the journal, and what it does about that view.
 *
 * The frame gives a module the journal's records in order and saves the position that it has reached
 * in the same LMDB transaction as what the module wrote, so a crash never applies a record twice or
 * skips one. What a module decides goes back into the journal through `ActContext.submit`, under an id
 * made of the thing decided about, so that deciding twice is harmless.
 */
import type { Hsm } from '../../hsm/types.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { JournalRecord } from '../../ledger/types.ts';

/** Which rows of a table, in the order of their keys. */
export interface Range {
  /** First key, included. */
  from?: string;
  /** Last key, not included. */
  to?: string;
  prefix?: string;
  limit?: number;
  reverse?: boolean;
}

/** A sorted table of a module's own store. Values are plain data (numbers, strings, arrays, bytes, objects). */
export interface Table<Value> {
  get(key: string): Value | undefined;
  range(range?: Range): Iterable<{ key: string; value: Value }>;
}

/** A table that can be written: only while a record is applied. */
export interface WritableTable<Value> extends Table<Value> {
  put(key: string, value: Value): void;
  remove(key: string): void;
}

/** Tables by name. A name is used for one type of row only. */
export interface TableSource {
  table<Value>(name: string): Table<Value>;
  /**
   * What stands in a key for a text that must not be readable on an encrypted disk (a national id, a
   * phone number, a card number): a keyed hash there, the text itself in a plain deployment. Equal
   * texts have equal names; their order is lost.
   */
  nameOf(text: string): string;
}

export interface WritableTableSource extends TableSource {
  table<Value>(name: string): WritableTable<Value>;
}

/** Where a module writes what operators should see; never personal data, card numbers or keys. */
export interface ModuleLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a module needs to act: to look at its view and at the journal, and to put facts into it. */
export interface ActContext<Queries> {
  queries: Queries;
  reader: Reader;
  ledger: LedgerClient;
  hsm: Hsm;
  log: ModuleLog;
  /** The data folder of the deployment: files that the module hands out lie under it. */
  dataDir: string;
  /** The section of the configuration that has the module's name, as its schema checked it. */
  config: unknown;
  /** Milliseconds since 1970; the only clock a module uses, so that tests can set it. */
  now(): number;
  /** Aborts when the module has to stop. */
  signal: AbortSignal;
}

export interface Module<Queries> {
  /** Also the name of its folder and of its metrics. */
  readonly name: string;
  /** Raised when stored data changes its meaning: the frame then rebuilds from position 0. */
  readonly version: number;
  /**
   * Applies one record to the tables. Synchronous, and a function of the record and the tables alone:
   * no clock, no randomness, no I/O, so that a rebuild gives the same bytes. Refused entries come
   * here too: look at `record.status`. What it throws stops this module and no other.
   */
  apply(record: JournalRecord, tables: WritableTableSource): void;
  /** Questions to the tables, from any thread, also while the follower writes. */
  queries(tables: TableSource): Queries;
  /**
   * What the module does about its view (issue a bill, send a message, retry). Called one at a time,
   * after records were applied up to the journal's end and then at least every second. It must bear being cut short at
   * any point and being called again.
   */
  act?(context: ActContext<Queries>): Promise<void>;
}
