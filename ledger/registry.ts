/** The registry as one thread sees it: merchants, terminals, cards, keys and the rest, by kind and key. */
import { decodeRegistryValue } from './messages.ts';
import type { RegistryKind, RegistryValues } from './registry-kinds.ts';
import type { Storage } from './storage.ts';
import type { RegistryItem, RegistryReader } from './types.ts';

export { decodeRegistryValue, encodeRegistryValue, registryChange } from './messages.ts';

/** Items that one thread remembers; the cache starts afresh when it is full. */
const CACHED_ITEMS = 20_000;

/**
 * Reads through a cache that lasts until the registry changes. Whether it has is one read of memory
 * that the writer shares (it counts after each commit and before the answers), or, without it, a look
 * into the storage.
 */
export class CachedRegistry implements RegistryReader {
  private readonly storage: Storage;
  private readonly generation: Int32Array | null;
  private seen = -1;
  private readonly cache = new Map<RegistryKind, Map<string, RegistryItem<unknown> | null>>();
  private cachedItems = 0;

  constructor(storage: Storage, generation: SharedArrayBuffer | undefined) {
    this.storage = storage;
    this.generation = generation === undefined ? null : new Int32Array(generation);
  }

  get<Kind extends RegistryKind>(
    kind: Kind,
    key: string,
  ): RegistryItem<RegistryValues[Kind]> | null {
    this.checkFreshness();
    const known = this.cache.get(kind)?.get(key);
    const item = known === undefined ? this.load(kind, key) : known;
    return item as RegistryItem<RegistryValues[Kind]> | null;
  }

  *list<Kind extends RegistryKind>(
    kind: Kind,
  ): Iterable<{ key: string } & RegistryItem<RegistryValues[Kind]>> {
    this.checkFreshness();
    for (const { key, version, body } of this.storage.registryItems(kind)) {
      yield { key, version, value: decodeRegistryValue(kind, body) };
    }
  }

  /** Reads an item from the storage, and remembers also that there is none. */
  private load(kind: RegistryKind, key: string): RegistryItem<unknown> | null {
    const stored = this.storage.registryItem(kind, key);
    const item =
      stored === null
        ? null
        : { version: stored.version, value: decodeRegistryValue(kind, stored.body) };
    if (this.cachedItems >= CACHED_ITEMS) this.forget();
    let items = this.cache.get(kind);
    if (items === undefined) {
      items = new Map();
      this.cache.set(kind, items);
    }
    items.set(key, item);
    this.cachedItems++;
    return item;
  }

  private forget(): void {
    this.cache.clear();
    this.cachedItems = 0;
  }

  private checkFreshness(): void {
    if (this.generation !== null) {
      const current = Atomics.load(this.generation, 0);
      if (current === this.seen) return;
      this.seen = current;
    }
    this.storage.refresh();
    if (this.generation === null) {
      const current = this.storage.registryGeneration();
      if (current === this.seen) return;
      this.seen = current;
    }
    this.forget();
  }
}
