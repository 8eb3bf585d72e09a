/**
 * Rows that one transaction of a module reads and writes, kept in memory until it ends. Records of one
 * batch come back to the same rows over and over (an account's balances, a day's sums): each is fetched
 * once and written once, however many records touch it.
 *
 * A module gets and gives copies, so that what it does to an object changes nothing but that object: a
 * row without objects inside is copied field by field, any other is kept as text.
 */
import { decodeText, encodeText, isFlat, textOf, type ValueText, valueFrom } from './encoding.ts';

/** What the rows of one table are fetched from and written to, by their own keys. */
export interface RowStorage {
  get(key: string): Buffer | undefined;
  put(key: string, value: Buffer): void;
  remove(key: string): void;
}

type FlatRow = Record<string, unknown>;

interface GatheredRow {
  /** Null: the row is kept as text, or there is none. */
  flat: FlatRow | null;
  text: ValueText | undefined;
  /** Not written yet. */
  isChanged: boolean;
}

/** The rows of one table. */
export class GatheredRows {
  readonly #storage: RowStorage;
  readonly #rows = new Map<string, GatheredRow>();
  #changedKeys: string[] = [];

  constructor(storage: RowStorage) {
    this.#storage = storage;
  }

  get(key: string): unknown {
    const row = this.#rows.get(key) ?? this.#fetch(key);
    if (row.flat !== null) return { ...row.flat };
    return row.text === undefined ? undefined : valueFrom(row.text);
  }

  /** Throws when the value is not plain data. */
  put(key: string, value: unknown): void {
    if (isFlat(value)) this.#change(key, { ...value }, undefined);
    else this.#change(key, null, textOf(value));
  }

  remove(key: string): void {
    this.#change(key, null, undefined);
  }

  /** Writes what has changed, in the order of the keys; the rows stay known. */
  write(): void {
    for (const key of this.#changedKeys.sort()) {
      const row = this.#rows.get(key)!;
      const text = row.flat === null ? row.text : JSON.stringify(row.flat);
      if (text === undefined) this.#storage.remove(key);
      else this.#storage.put(key, encodeText(text));
      row.isChanged = false;
    }
    this.#changedKeys = [];
  }

  forget(): void {
    this.#rows.clear();
    this.#changedKeys = [];
  }

  #fetch(key: string): GatheredRow {
    const bytes = this.#storage.get(key);
    const text = bytes === undefined ? undefined : decodeText(bytes);
    const value = text === undefined ? undefined : valueFrom(text);
    const row = { flat: isFlat(value) ? value : null, text, isChanged: false };
    this.#rows.set(key, row);
    return row;
  }

  #change(key: string, flat: FlatRow | null, text: ValueText | undefined): void {
    const row = this.#rows.get(key);
    if (row === undefined) {
      this.#rows.set(key, { flat, text, isChanged: true });
      this.#changedKeys.push(key);
      return;
    }
    row.flat = flat;
    row.text = text;
    if (row.isChanged) return;
    row.isChanged = true;
    this.#changedKeys.push(key);
  }
}
