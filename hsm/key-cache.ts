import { asBuffer } from './bytes.ts';
import type { StoredKey } from './types.ts';

interface Entry<T> {
  name: string;
  /** A copy of the record the envelope was opened with: one with other fields is not this key. */
  record: StoredKey;
  loaded: T;
  used: boolean;
  inCache: boolean;
}

/**
 * Loaded keys, at most `limit` of them. The record object finds its key without hashing (the
 * registry hands out the same object again and again), the cryptogram finds it otherwise. A full
 * cache drops a key that was not used since the hand last passed it (second chance).
 */
export class KeyCache<T> {
  readonly #limit: number;
  readonly #drop: (loaded: T) => void;
  readonly #byName = new Map<string, Entry<T>>();
  #byRecord = new WeakMap<StoredKey, Entry<T>>();

  constructor(limit: number, drop: (loaded: T) => void) {
    this.#limit = Math.max(1, limit);
    this.#drop = drop;
  }

  get size(): number {
    return this.#byName.size;
  }

  get(key: StoredKey, load: () => T): T {
    const known = this.#byRecord.get(key);
    if (known?.inCache && sameRecord(known.record, key)) {
      known.used = true;
      return known.loaded;
    }
    return this.#getByName(key, load);
  }

  delete(key: StoredKey): void {
    const entry = this.#byName.get(nameOf(key));
    if (entry !== undefined) this.#remove(entry);
  }

  clear(): void {
    for (const entry of [...this.#byName.values()]) this.#remove(entry);
    this.#byRecord = new WeakMap();
  }

  #getByName(key: StoredKey, load: () => T): T {
    const name = nameOf(key);
    let entry = this.#byName.get(name);
    if (entry === undefined || !sameFields(entry.record, key)) {
      const loaded = load();
      if (entry !== undefined) this.#remove(entry);
      this.#makeRoom();
      entry = { name, record: { ...key }, loaded, used: true, inCache: true };
      this.#byName.set(name, entry);
    }
    entry.used = true;
    this.#byRecord.set(key, entry);
    return entry.loaded;
  }

  #makeRoom(): void {
    while (this.#byName.size >= this.#limit) {
      const oldest = this.#byName.values().next().value!;
      if (oldest.used) {
        oldest.used = false;
        this.#byName.delete(oldest.name);
        this.#byName.set(oldest.name, oldest);
      } else {
        this.#remove(oldest);
      }
    }
  }

  #remove(entry: Entry<T>): void {
    this.#byName.delete(entry.name);
    entry.inCache = false;
    this.#drop(entry.loaded);
  }
}

function nameOf(key: StoredKey): string {
  return asBuffer(key.cryptogram).toString('latin1');
}

function sameRecord(a: StoredKey, b: StoredKey): boolean {
  return a.cryptogram === b.cryptogram && sameFields(a, b);
}

function sameFields(a: StoredKey, b: StoredKey): boolean {
  return (
    a.algorithm === b.algorithm &&
    a.purpose === b.purpose &&
    a.version === b.version &&
    a.checkValue === b.checkValue &&
    a.publicKey === b.publicKey
  );
}
