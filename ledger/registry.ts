/** The registry as one thread sees it: merchants, terminals, cards, keys and the rest, by kind and key. */
import { decodeRegistryValue } from './messages.ts';
import type { RegistryKind, RegistryValues } from './registry-kinds.ts';
import type { Storage } from './storage.ts';
import type { RegistryItem, RegistryReader } from './types.ts';

export { decodeRegistryValue, encodeRegistryValue, registryChange } from './messages.ts';

/** Items that one thread remembers; the cache starts afresh when it is full. */
const CACHED_ITEMS = 20_000;

/** An item as it was when the registry stood at `generation`. */
interface CachedItem {
  item: RegistryItem<unknown> | null;
  generation: number;
}

/**
 * Reads through a cache. Whether the registry has changed is one read of memory that the writer shares
 * (it counts after each commit and before the answers), or, without it, a look into the storage. After
 * a change an item is looked up once more and, when its version is the same, stays the very object that
 * it was: what others keep for that object (an opened key, compiled rules) lives on.
 */
export class CachedRegistry implements RegistryReader {
  private readonly storage: Storage;
  private readonly shared: Int32Array | null;
  private generation = -1;
  private readonly cache = new Map<RegistryKind, Map<string, CachedItem>>();
  private cachedItems = 0;

  constructor(storage: Storage, generation: SharedArrayBuffer | undefined) {
    this.storage = storage;
    this.shared = generation === undefined ? null : new Int32Array(generation);
  }

  get<Kind extends RegistryKind>(
    kind: Kind,
    key: string,
  ): RegistryItem<RegistryValues[Kind]> | null {
    this.checkFreshness();
    const known = this.cache.get(kind)?.get(key);
    const cached = known?.generation === this.generation ? known : this.load(kind, key, known);
    return cached.item as RegistryItem<RegistryValues[Kind]> | null;
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
  private load(kind: RegistryKind, key: string, known: CachedItem | undefined): CachedItem {
    const stored = this.storage.registryItem(kind, key);
    if (known !== undefined) {
      known.generation = this.generation;
      if (known.item?.version !== stored?.version) known.item = itemOf(kind, stored);
      return known;
    }
    if (this.cachedItems >= CACHED_ITEMS) this.forget();
    let items = this.cache.get(kind);
    if (items === undefined) {
      items = new Map();
      this.cache.set(kind, items);
    }
    const cached = { item: itemOf(kind, stored), generation: this.generation };
    items.set(key, cached);
    this.cachedItems++;
    return cached;
  }

  private forget(): void {
    this.cache.clear();
    this.cachedItems = 0;
  }

  private checkFreshness(): void {
    if (this.shared !== null) {
      const current = Atomics.load(this.shared, 0);
      if (current === this.generation) return;
      this.generation = current;
    }
    this.storage.refresh();
    if (this.shared === null) this.generation = this.storage.registryGeneration();
  }
}

function itemOf(
  kind: RegistryKind,
  stored: { version: number; body: Uint8Array } | null,
): RegistryItem<unknown> | null {
  if (stored === null) return null;
  return { version: stored.version, value: decodeRegistryValue(kind, stored.body) };
}
