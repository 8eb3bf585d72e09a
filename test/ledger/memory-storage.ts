/** A storage in memory that tests can make fail: what a disk would hold after each commit. */
import { GroupView } from '../../ledger/group.ts';
import type {
  CheckpointTable,
  CommitBatch,
  Storage,
  StoredGroup,
  StoredRegistryItem,
} from '../../ledger/storage.ts';

interface Disk {
  groups: StoredGroup[];
  pages: Map<string, { table: CheckpointTable; page: number; value: Uint8Array }>;
  registry: Map<string, { kind: string; key: string; version: number; body: Uint8Array }>;
  history: Map<string, Float64Array>;
  meta: Map<string, Uint8Array>;
}

function emptyDisk(): Disk {
  return { groups: [], pages: new Map(), registry: new Map(), history: new Map(), meta: new Map() };
}

export class MemoryStorage implements Storage {
  disk: Disk;

  constructor(disk: Disk = emptyDisk()) {
    this.disk = disk;
  }

  /** What a restart would find if the machine stopped now. */
  snapshot(): MemoryStorage {
    const { groups, pages, registry, history, meta } = this.disk;
    return new MemoryStorage({
      groups: [...groups],
      pages: new Map(pages),
      registry: new Map(registry),
      history: new Map(history),
      meta: new Map(meta),
    });
  }

  commit({ group, pages, registry, history, meta }: CommitBatch): void {
    const { disk } = this;
    if (group !== null) disk.groups.push({ ...group, value: new Uint8Array(group.value) });
    for (const page of pages) disk.pages.set(`${page.table} ${page.page}`, page);
    for (const { kind, key, version, body } of registry) {
      if (body === null) disk.registry.delete(`${kind}/${key}`);
      else disk.registry.set(`${kind}/${key}`, { kind, key, version, body });
    }
    for (const { account, position, balances } of history) {
      disk.history.set(`${Buffer.from(account).toString('hex')} ${position}`, balances);
    }
    for (const { key, value } of meta) disk.meta.set(key, value);
  }

  lastGroup(): StoredGroup | null {
    return this.disk.groups.at(-1) ?? null;
  }

  groupAt(position: number): StoredGroup | null {
    const group = this.disk.groups.findLast(({ firstPosition }) => firstPosition <= position);
    if (group === undefined || new GroupView(group.value).lastPosition < position) return null;
    return group;
  }

  *groups(from: number): Iterable<StoredGroup> {
    const first = this.disk.groups.findLastIndex(({ firstPosition }) => firstPosition <= from);
    for (let i = Math.max(0, first); i < this.disk.groups.length; i++) yield this.disk.groups[i]!;
  }

  *pages(table: CheckpointTable): Iterable<{ page: number; value: Uint8Array }> {
    const pages = [...this.disk.pages.values()].filter((page) => page.table === table);
    yield* pages.sort((a, b) => a.page - b.page);
  }

  registryItem(kind: string, key: string): { version: number; body: Uint8Array } | null {
    return this.disk.registry.get(`${kind}/${key}`) ?? null;
  }

  *registryItems(kind?: string): Iterable<StoredRegistryItem & { body: Uint8Array }> {
    const keys = [...this.disk.registry.keys()].sort();
    for (const key of keys) {
      const item = this.disk.registry.get(key)!;
      if (kind === undefined || item.kind === kind) yield item;
    }
  }

  registryGeneration(): number {
    return [...this.disk.registry.values()].reduce((max, { version }) => Math.max(max, version), 0);
  }

  balancesAt(account: Uint8Array, position: number): Float64Array | null {
    const id = Buffer.from(account).toString('hex');
    for (let at = position; at > 0; at--) {
      const found = this.disk.history.get(`${id} ${at}`);
      if (found !== undefined) return found;
    }
    return null;
  }

  meta(key: string): Uint8Array | null {
    return this.disk.meta.get(key) ?? null;
  }

  refresh(): void {}

  async close(): Promise<void> {}
}
