/**
 * Rows that one transaction of a module reads and writes, kept in memory until it ends. Records of one
 * batch come back to the same rows over and over (an account's balances, a day's sums): each is fetched
 * once and written once, however many records touch it.
 *
 * A module gets and gives copies, so that what it does to an object changes nothing but that object: a
 * row without objects inside is copied field by field, any other is kept as text.
 */
import { decodeText, encodeText, isFlat, textOf, type ValueText, valueFrom } from './encoding.ts';

/** What the rows are fetched from and written to. */
export interface RowStorage {
  get(key: Buffer): Buffer | undefined;
  put(key: Buffer, value: Uint8Array): void;
  remove(key: Buffer): void;
}

type FlatRow = Record<string, unknown>;

interface GatheredRow {
  /** Null: the row is kept as text, or there is none. */
  flat: FlatRow | null;
  text: ValueText | undefined;
}

export class GatheredRows {
  readonly #storage: RowStorage;
  /** By the text of the key. */
  readonly #rows = new Map<string, GatheredRow>();
  /** Those of them that are not written yet. */
  readonly #changed = new Map<string, GatheredRow>();

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
    if (this.#changed.size === 0) return;
    const changed = [...this.#changed].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, row] of changed) {
      const key = Buffer.from(name, 'utf8');
      const text = row.flat === null ? row.text : JSON.stringify(row.flat);
      if (text === undefined) this.#storage.remove(key);
      else this.#storage.put(key, encodeText(text));
    }
    this.#changed.clear();
  }

  forget(): void {
    this.#rows.clear();
    this.#changed.clear();
  }

  #fetch(key: string): GatheredRow {
    const bytes = this.#storage.get(Buffer.from(key, 'utf8'));
    const text = bytes === undefined ? undefined : decodeText(bytes);
    const value = text === undefined ? undefined : valueFrom(text);
    const row = { flat: isFlat(value) ? value : null, text };
    this.#rows.set(key, row);
    return row;
  }

  #change(key: string, flat: FlatRow | null, text: ValueText | undefined): void {
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = { flat, text };
      this.#rows.set(key, row);
    } else {
      row.flat = flat;
      row.text = text;
    }
    this.#changed.set(key, row);
  }
}
