/** A group on its way to the disk: its bytes so far, and what else its commit will write. */
import { ByteWriter } from './bytes.ts';
import { Spans } from './entry-view.ts';
import { GroupView, HASH_BYTES, putGroupHeader, type RecordView } from './group.ts';
import { registryKey } from './registry-change.ts';
import type { StoredBalances, StoredRegistryItem } from './storage.ts';

export class CollectedGroup {
  /** Infinity before `begin`: no position is in it. */
  firstPosition = Number.POSITIVE_INFINITY;
  timestampUs = 0;
  institutionsChanged = false;
  /** Bounds of the records within `out`. */
  readonly records = new Spans();
  readonly out = new ByteWriter(1 << 18);
  readonly registry = new Map<string, StoredRegistryItem>();
  history: StoredBalances[] = [];
  private previousHash: Uint8Array = new Uint8Array(HASH_BYTES);

  begin(previousHash: Uint8Array, firstPosition: number, timestampUs: number): void {
    this.firstPosition = firstPosition;
    this.timestampUs = timestampUs;
    this.previousHash = previousHash;
    putGroupHeader(this.out, previousHash, firstPosition, timestampUs);
  }

  /** Makes it as it was before `begin`, so that its memory can be used again. */
  clear(): void {
    this.firstPosition = Number.POSITIVE_INFINITY;
    this.institutionsChanged = false;
    this.records.count = 0;
    this.out.length = 0;
    this.registry.clear();
    this.history = [];
  }

  registryItem(kind: string, key: string): StoredRegistryItem | undefined {
    return this.registry.size === 0 ? undefined : this.registry.get(registryKey(kind, key));
  }

  timestampOf(position: number): number {
    return this.timestampUs + position - this.firstPosition;
  }

  /** Reads a record of it, as if it were a group of its own. */
  read(position: number, into: RecordView): void {
    const { records, out } = this;
    const index = position - this.firstPosition;
    const record = out.bytes.slice(records.start(index), records.end(index));
    const lone = new ByteWriter(record.length + 64);
    putGroupHeader(lone, this.previousHash, position, this.timestampOf(position));
    lone.raw(record);
    lone.raw(new Uint8Array(HASH_BYTES));
    new GroupView(lone.bytes.slice(0, lone.length)).read(position, into);
  }
}
