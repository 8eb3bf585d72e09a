/**
 * The one writer: collects entries into a group, judges each one as it comes, and commits the group.
 * No thread and no message here, so that a test can drive it step by step over any storage.
 */
import { Checkpointer } from './checkpoint.ts';
import { CollectedGroup } from './collected-group.ts';
import { entryBytes } from './encode.ts';
import { EntryView, type IdWords } from './entry-view.ts';
import { chainHash, GroupView, RecordView } from './group.ts';
import { idOf, idToHex } from './id.ts';
import { Outcome, putRecord } from './outcome.ts';
import { ReadAhead } from './read-ahead.ts';
import { jsonBytes, META_CHECKPOINT, META_INSTITUTIONS, type Recovered } from './recovery.ts';
import { registryKey } from './registry-change.ts';
import type { LedgerState } from './state.ts';
import { StateMachine, type Surroundings } from './state-machine.ts';
import type { CommitBatch, Storage } from './storage.ts';

/** Expiries that one group records at most; the rest waits for the next group. */
const EXPIRIES_PER_GROUP = 1000;

export class WriterCore implements Surroundings {
  readonly state: LedgerState;
  /** The answer to the entry that was submitted last. */
  readonly outcome = new Outcome();
  /** For a known id: the record that holds it. */
  readonly recorded = new RecordView();
  /** Whether the entry that was submitted last made a record. */
  recordedLast = false;
  /** For whoever knows which entries come next. */
  readonly readAhead: ReadAhead;
  private readonly storage: Storage;
  private readonly machine: StateMachine;
  private readonly checkpointer: Checkpointer;
  private readonly entry = new EntryView();
  /** The group being collected. */
  private group = new CollectedGroup();
  /** Groups that were taken and are not known to be on disk, oldest first. */
  private readonly taken: CollectedGroup[] = [];
  private readonly spare: CollectedGroup[] = [];
  /** True when somebody else has written since the storage was read last. */
  private stale = false;

  constructor(storage: Storage, recovered: Recovered) {
    this.storage = storage;
    this.state = recovered.state;
    this.machine = new StateMachine(this.state, this);
    this.readAhead = new ReadAhead(this.state);
    this.checkpointer = new Checkpointer(this.state, recovered.replayedFrom);
  }

  /**
   * Starts a group at a time of day in microseconds of UTC, and records what has expired by then
   * (an import finds the expiries in its file).
   */
  begin(nowUs: number, expire = true): void {
    const { group, state } = this;
    group.clear();
    group.begin(state.chainHash, state.position + 1, Math.max(nowUs, state.timestampUs + 1));
    if (expire) this.recordExpiries();
  }

  /** Records in the group so far. */
  get count(): number {
    return this.group.records.count;
  }

  /** Bytes of the group so far. */
  get size(): number {
    return this.group.out.length;
  }

  /** When the next pending transfer expires, microseconds of UTC; Infinity when none does. */
  get nextExpiryUs(): number {
    return this.state.expiries.nextUs();
  }

  /** Time of the record at a position of the group being collected. */
  timestampOf(position: number): number {
    return this.group.timestampOf(position);
  }

  /**
   * Judges the entry at bytes [start, end) and puts its record into the group. The answer is in
   * `outcome`, and holds only once the group is committed.
   */
  submit(bytes: Uint8Array, start: number, end: number, dryRun: boolean): void {
    const { entry, outcome, machine, group } = this;
    entry.read(bytes, start, end);
    const position = this.state.position + 1;
    const timestampUs = group.timestampOf(position);
    this.recordedLast = machine.apply(entry, position, timestampUs, dryRun, outcome);
    if (!this.recordedLast) {
      if (outcome.recordedPosition > 0) this.readRecord(outcome.recordedPosition, this.recorded);
      return;
    }
    const from = group.out.length;
    putRecord(group.out, outcome, bytes, start, end);
    group.records.add(from, group.out.length);
    for (const { kind, key, body } of machine.registryChanges) {
      group.registry.set(registryKey(kind, key), { kind, key, version: position, body });
    }
    if (machine.history.length > 0) group.history.push(...machine.history.splice(0));
    if (machine.institutionsChanged) group.institutionsChanged = true;
  }

  /** What the chain's hash will be once the group is committed. */
  groupHash(): Uint8Array {
    const { out } = this.group;
    return chainHash(this.state.chainHash, out.bytes.subarray(0, out.length));
  }

  /** Writes the group. On disk when it returns; when it throws, the state in memory is void. */
  commit(): void {
    const batch = this.take();
    if (batch === null) return;
    this.storage.commit(batch);
    this.settled();
  }

  /**
   * Ends the group and gives what is to be written, in memory that is used again once it is settled;
   * null when the group has no record. The next group may begin at once. Batches are written in the
   * order in which they were taken; when a writing fails, the state in memory is void.
   */
  take(): CommitBatch | null {
    const { state, group } = this;
    const { out, firstPosition, registry, history } = group;
    if (this.count === 0) return null;
    const hash = this.groupHash();
    out.raw(hash);
    const checkpoint = this.checkpointer.next(this.count);
    const meta = [];
    if (checkpoint !== null) {
      meta.push({ key: META_CHECKPOINT, value: jsonBytes(checkpoint.replayFrom) });
    }
    if (group.institutionsChanged) {
      meta.push({ key: META_INSTITUTIONS, value: jsonBytes(state.institutions.list) });
    }
    state.chainHash = hash;
    this.taken.push(group);
    this.group = this.spare.pop() ?? new CollectedGroup();
    return {
      group: { firstPosition, value: out.bytes.subarray(0, out.length) },
      pages: checkpoint?.pages ?? [],
      registry: [...registry.values()],
      history,
      meta,
    };
  }

  /**
   * The oldest batch that was taken is on disk; `elsewhere` when another storage than ours wrote it.
   * True when it changed an item of the registry.
   */
  settled(elsewhere = false): boolean {
    const group = this.taken.shift()!;
    if (elsewhere) this.stale = true;
    const changesRegistry = group.registry.size > 0;
    group.clear();
    this.spare.push(group);
    return changesRegistry;
  }

  /** Writes every page of the checkpoint that has changed, so that the next start replays nothing. */
  writeCheckpoint(): void {
    for (const { pages, replayFrom } of this.checkpointer.rest()) {
      const meta = [{ key: META_CHECKPOINT, value: jsonBytes(replayFrom) }];
      this.storage.commit({ group: null, pages, registry: [], history: [], meta });
    }
  }

  registryVersion(kind: string, key: string): number {
    const changed =
      this.group.registryItem(kind, key) ??
      this.taken.findLast((group) => group.registryItem(kind, key))?.registryItem(kind, key);
    if (changed !== undefined) return changed.body === null ? 0 : changed.version;
    this.freshen();
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
    const unwritten =
      position >= this.group.firstPosition
        ? this.group
        : this.taken.findLast(({ firstPosition }) => position >= firstPosition);
    if (unwritten !== undefined) {
      unwritten.read(position, into);
      return;
    }
    this.freshen();
    const stored = this.storage.groupAt(position);
    if (stored === null) throw new Error(`record ${position} is not in the journal`);
    new GroupView(stored.value).read(position, into);
  }

  /** What another thread wrote is seen by a read that starts after it. */
  private freshen(): void {
    if (this.stale) this.storage.refresh();
    this.stale = false;
  }

  private recordExpiries(): void {
    for (let i = 0; i < EXPIRIES_PER_GROUP; i++) {
      const due = this.machine.takeExpired(this.group.timestampUs);
      if (due === null) return;
      const { pendingId: expired, institution } = due;
      const id = idOf('transfer-expired', idToHex(expired));
      const bytes = entryBytes({ id, institution, expired });
      this.submit(bytes, 0, bytes.length, false);
    }
  }
}
