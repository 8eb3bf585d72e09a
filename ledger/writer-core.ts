/**
 * The one writer: collects entries into a group, judges each one as it comes, and commits the group.
 * No thread and no message here, so that a test can drive it step by step over any storage.
 */
import { ByteWriter } from './bytes.ts';
import { Checkpointer } from './checkpoint.ts';
import { entryBytes } from './encode.ts';
import { EntryView, type IdWords } from './entry-view.ts';
import { chainHash, GroupView, HASH_BYTES, putGroupHeader, RecordView } from './group.ts';
import { idOf, idToHex } from './id.ts';
import { Outcome, putRecord } from './outcome.ts';
import { jsonBytes, META_CHECKPOINT, META_INSTITUTIONS, type Recovered } from './recovery.ts';
import { registryKey } from './registry-change.ts';
import type { LedgerState } from './state.ts';
import { StateMachine, type Surroundings } from './state-machine.ts';
import type { Storage, StoredBalances, StoredRegistryItem } from './storage.ts';

/** Expiries that one group records at most; the rest waits for the next group. */
const EXPIRIES_PER_GROUP = 1000;

export class WriterCore implements Surroundings {
  readonly state: LedgerState;
  /** The answer to the entry that was submitted last. */
  readonly outcome = new Outcome();
  /** For a known id: the record that holds it. */
  readonly recorded = new RecordView();
  private readonly storage: Storage;
  private readonly machine: StateMachine;
  private readonly checkpointer: Checkpointer;
  private readonly entry = new EntryView();
  /** The group being collected. */
  private readonly out = new ByteWriter(1 << 20);
  private firstPosition = 0;
  private timestampUs = 0;
  /** Bounds of the records of the group being collected, within `out`. */
  private readonly bounds: number[] = [];
  private readonly registry = new Map<string, StoredRegistryItem>();
  private history: StoredBalances[] = [];
  private institutionsChanged = false;

  constructor(storage: Storage, recovered: Recovered) {
    this.storage = storage;
    this.state = recovered.state;
    this.machine = new StateMachine(this.state, this);
    this.checkpointer = new Checkpointer(this.state, recovered.replayedFrom);
  }

  /**
   * Starts a group at a time of day in microseconds of UTC, and records what has expired by then
   * (an import finds the expiries in its file).
   */
  begin(nowUs: number, expire = true): void {
    this.firstPosition = this.state.position + 1;
    this.timestampUs = Math.max(nowUs, this.state.timestampUs + 1);
    this.out.length = 0;
    this.bounds.length = 0;
    this.registry.clear();
    this.history = [];
    this.institutionsChanged = false;
    putGroupHeader(this.out, this.state.chainHash, this.firstPosition, this.timestampUs);
    if (expire) this.recordExpiries();
  }

  /** Whether the entry that was submitted last made a record. */
  recordedLast = false;

  /** Records in the group so far. */
  get count(): number {
    return this.bounds.length / 2;
  }

  /** Bytes of the group so far. */
  get size(): number {
    return this.out.length;
  }

  /** When the next pending transfer expires, microseconds of UTC; Infinity when none does. */
  get nextExpiryUs(): number {
    return this.state.expiries.nextUs();
  }

  /** Time of the record at a position of the group being collected. */
  timestampOf(position: number): number {
    return this.timestampUs + position - this.firstPosition;
  }

  /**
   * Judges the entry at bytes [start, end) and puts its record into the group. The answer is in
   * `outcome`, and holds only once the group is committed.
   */
  submit(bytes: Uint8Array, start: number, end: number, dryRun: boolean): void {
    const { entry, outcome, machine, state } = this;
    entry.read(bytes, start, end);
    const position = state.position + 1;
    const timestampUs = this.timestampOf(position);
    this.recordedLast = machine.apply(entry, position, timestampUs, dryRun, outcome);
    if (!this.recordedLast) {
      if (outcome.recordedPosition > 0) this.readRecord(outcome.recordedPosition, this.recorded);
      return;
    }
    const from = this.out.length;
    putRecord(this.out, outcome, bytes, start, end);
    this.bounds.push(from, this.out.length);
    for (const { kind, key, body } of machine.registryChanges) {
      this.registry.set(registryKey(kind, key), { kind, key, version: position, body });
    }
    if (machine.history.length > 0) this.history.push(...machine.history.splice(0));
    if (machine.institutionsChanged) this.institutionsChanged = true;
  }

  /** True when the group has changed an item of the registry. */
  get changesRegistry(): boolean {
    return this.registry.size > 0;
  }

  /** What the chain's hash will be once the group is committed. */
  groupHash(): Uint8Array {
    return chainHash(this.state.chainHash, this.out.bytes.subarray(0, this.out.length));
  }

  /** Writes the group. On disk when it returns; when it throws, the state in memory is void. */
  commit(): void {
    const { state, bounds, out } = this;
    if (bounds.length === 0) return;
    const hash = this.groupHash();
    out.raw(hash);
    const value = out.bytes.subarray(0, out.length);
    out.length -= HASH_BYTES;
    const checkpoint = this.checkpointer.next(this.count);
    const meta = [];
    if (checkpoint !== null) {
      meta.push({ key: META_CHECKPOINT, value: jsonBytes(checkpoint.replayFrom) });
    }
    if (this.institutionsChanged) {
      meta.push({ key: META_INSTITUTIONS, value: jsonBytes(state.institutions.list) });
    }
    this.storage.commit({
      group: { firstPosition: this.firstPosition, value },
      pages: checkpoint?.pages ?? [],
      registry: [...this.registry.values()],
      history: this.history,
      meta,
    });
    state.chainHash = hash;
  }

  /** Writes every page of the checkpoint that has changed, so that the next start replays nothing. */
  writeCheckpoint(): void {
    for (const { pages, replayFrom } of this.checkpointer.rest()) {
      const meta = [{ key: META_CHECKPOINT, value: jsonBytes(replayFrom) }];
      this.storage.commit({ group: null, pages, registry: [], history: [], meta });
    }
  }

  registryVersion(kind: string, key: string): number {
    const changed = this.registry.get(registryKey(kind, key));
    if (changed !== undefined) return changed.body === null ? 0 : changed.version;
    return this.storage.registryItem(kind, key)?.version ?? 0;
  }

  readRecorded(position: number, into: EntryView): void {
    const record = this.recorded;
    this.readRecord(position, record);
    into.read(record.entry.bytes, record.entryStart, record.entryEnd);
  }

  /** What is known of an id; null when nothing is. */
  lookUp(id: IdWords): { position: number; status: number } | null {
    const { ids } = this.state;
    const row = ids.find(id);
    return row < 0 ? null : { position: ids.position(row), status: ids.status(row) };
  }

  private readRecord(position: number, into: RecordView): void {
    if (position < this.firstPosition) {
      const group = this.storage.groupAt(position);
      if (group === null) throw new Error(`record ${position} is not in the journal`);
      new GroupView(group.value).read(position, into);
      return;
    }
    // Not committed yet: it stands in the group at hand.
    const index = position - this.firstPosition;
    const view = this.out.bytes.slice(this.bounds[index * 2]!, this.bounds[index * 2 + 1]!);
    const lone = new ByteWriter(view.length + 64);
    putGroupHeader(lone, this.state.chainHash, position, this.timestampOf(position));
    lone.raw(view);
    lone.raw(new Uint8Array(HASH_BYTES));
    new GroupView(lone.bytes.slice(0, lone.length)).read(position, into);
  }

  private recordExpiries(): void {
    for (let i = 0; i < EXPIRIES_PER_GROUP; i++) {
      const due = this.machine.takeExpired(this.timestampUs);
      if (due === null) return;
      const { pendingId: expired, institution } = due;
      const id = idOf('transfer-expired', idToHex(expired));
      const bytes = entryBytes({ id, institution, expired });
      this.submit(bytes, 0, bytes.length, false);
    }
  }
}
