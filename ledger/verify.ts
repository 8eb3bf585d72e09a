/**
 * Proving a ledger: every group's hash, every record judged again from the first one on, and what came
 * out compared with what is stored: the records byte by byte, the checkpoint's balances, the registry.
 */
import { ByteWriter } from './bytes.ts';
import { EntryView } from './entry-view.ts';
import { LedgerError } from './errors.ts';
import { GroupView, HASH_BYTES, RecordView } from './group.ts';
import { LmdbStorage } from './lmdb-storage.ts';
import { Outcome, putRecord } from './outcome.ts';
import { ENTRIES_AHEAD, ReadAhead } from './read-ahead.ts';
import { checkedGroup, recover } from './recovery.ts';
import { registryKey } from './registry-change.ts';
import { checkSeal, type Seal, type VerifySignature } from './seal.ts';
import { LedgerState } from './state.ts';
import { differences } from './state-comparison.ts';
import { StateMachine, type Surroundings } from './state-machine.ts';
import type { Storage } from './storage.ts';
import { trialBalanceOf } from './trial-balance.ts';

export interface VerifyOptions {
  encryptionKey?: Uint8Array | undefined;
  onProgress?: (position: number, head: number) => void;
  /** A seal to hold against the journal, and what checks its signature. */
  seal?: { seal: Seal; verifySignature: VerifySignature } | undefined;
}

export interface VerifyReport {
  /** Records. */
  positions: number;
  /** Every group is what was written, and names the one before it. */
  chainVerified: boolean;
  /** Every record follows from those before it, and so do the stored balances, tallies and registry. */
  balancesVerified: boolean;
  /** Sums of both sides over all accounts, posted and pending apart. */
  debitsFen: number;
  creditsFen: number;
  debitsPendingFen: number;
  creditsPendingFen: number;
  firstBadPosition: number | null;
  /** Sentences: what is wrong. */
  problems: string[];
  /** With a seal: whether it fits the journal and its signature holds. */
  sealVerified?: boolean;
}

/** Verifies a data folder, also while a writer runs: what is there when it starts. Throws LedgerError when it cannot be opened. */
export async function verify(dataDir: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { encryptionKey } = options;
  const storage = new LmdbStorage({ dataDir, encryptionKey, readOnly: true });
  try {
    return verifyStorage(storage, options);
  } finally {
    await storage.close();
  }
}

export function verifyStorage(storage: Storage, options: VerifyOptions = {}): VerifyReport {
  const replay = new Replay(storage, options);
  replay.run();
  return replay.report;
}

/** What is said before anything was read: nothing is wrong yet, or, of a file that cannot be read, all is. */
export function reportBefore(holds: boolean): VerifyReport {
  return {
    positions: 0,
    chainVerified: holds,
    balancesVerified: holds,
    debitsFen: 0,
    creditsFen: 0,
    debitsPendingFen: 0,
    creditsPendingFen: 0,
    firstBadPosition: null,
    problems: [],
  };
}

/** How often progress is told, in records. */
const PROGRESS_RECORDS = 50_000;

class Replay implements Surroundings {
  readonly report = reportBefore(true);
  private readonly storage: Storage;
  private readonly options: VerifyOptions;
  private readonly state = new LedgerState();
  private readonly machine = new StateMachine(this.state, this);
  private readonly outcome = new Outcome();
  private readonly entry = new EntryView();
  private readonly readAhead = new ReadAhead(this.state);
  private readonly made = new ByteWriter(4096);
  /** Registry as the journal says: version and body by kind and key. */
  private readonly registry = new Map<string, { version: number; body: Uint8Array }>();
  private group: GroupView | null = null;
  private sealSeen = false;

  constructor(storage: Storage, options: VerifyOptions) {
    this.storage = storage;
    this.options = options;
  }

  run(): void {
    // Taken before the journal is read: with a writer at work both must be of one moment.
    this.storage.refresh();
    const stored = this.recoverStored();
    const head = stored?.position ?? Number.POSITIVE_INFINITY;
    if (this.replay(head) && stored !== null) this.compare(stored);
    this.sum();
    const { seal } = this.options;
    if (seal === undefined) return;
    if (!this.sealSeen)
      this.problem(null, `the seal's position ${seal.seal.position} is not there`);
    this.report.sealVerified = this.sealSeen && this.report.problems.length === 0;
  }

  /** What a restart would make of the folder; null when it would refuse. */
  private recoverStored(): LedgerState | null {
    try {
      const { state, report } = recover(this.storage);
      for (const repair of report.repairs) this.problem(null, repair);
      if (report.repairs.length > 0) this.report.balancesVerified = false;
      return state;
    } catch (error) {
      if (error instanceof LedgerError) return null;
      throw error;
    }
  }

  /** Judges every record up to the head again; false when it stopped at a bad one. */
  private replay(head: number): boolean {
    let previous: GroupView | null = null;
    for (const { firstPosition, value } of this.storage.groups(1)) {
      if (firstPosition > head) break;
      try {
        this.group = checkedGroup(firstPosition, value, previous ?? GENESIS);
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        this.report.chainVerified = false;
        this.report.balancesVerified = false;
        this.problem(this.firstBadRecord(firstPosition, value), error.message);
        return false;
      }
      if (!this.replayGroup(this.group)) return false;
      this.state.chainHash = this.group.hash;
      previous = this.group;
    }
    return true;
  }

  private replayGroup(group: GroupView): boolean {
    for (let position = group.firstPosition; position <= group.lastPosition; position++) {
      const index = position - group.firstPosition;
      if (index % ENTRIES_AHEAD === 0) this.readFrom(group, index);
      if (!this.reproduces(group, position)) {
        this.report.balancesVerified = false;
        this.problem(position, `record ${position} does not follow from the records before it`);
        return false;
      }
      this.report.positions = position;
      if (position % PROGRESS_RECORDS === 0) {
        this.options.onProgress?.(position, this.storage.lastGroup()?.firstPosition ?? position);
      }
      this.checkSealAt(position, group);
    }
    return true;
  }

  private readFrom({ value, bounds, count }: GroupView, index: number): void {
    const { readAhead } = this;
    const last = Math.min(count, index + ENTRIES_AHEAD);
    for (let i = index; i < last; i++) {
      const { start, end } = entrySpan(value, bounds[i * 2]!, bounds[i * 2 + 1]!);
      readAhead.add(value, start, end);
    }
    readAhead.finish();
  }

  /** True when judging the record's entry again gives the same bytes. */
  private reproduces(group: GroupView, position: number): boolean {
    const { entry, outcome, made, machine } = this;
    const { value, bounds } = group;
    const index = position - group.firstPosition;
    const timestampUs = group.timestampUs + index;
    const end = bounds[index * 2 + 1]!;
    const span = entrySpan(value, bounds[index * 2]!, end);
    if (timestampUs <= this.state.timestampUs) return false;
    entry.read(value, span.start, span.end);
    if (!machine.apply(entry, position, timestampUs, false, outcome)) return false;
    made.length = 0;
    putRecord(made, outcome, value, span.start, span.end);
    for (const { kind, key, body } of machine.registryChanges) {
      if (body === null) this.registry.delete(registryKey(kind, key));
      else this.registry.set(registryKey(kind, key), { version: position, body });
    }
    return endsWith(value, end, made);
  }

  private checkSealAt(position: number, group: GroupView): void {
    const { seal } = this.options;
    if (seal === undefined || position !== seal.seal.position) return;
    this.sealSeen = true;
    const chain = position === group.lastPosition ? group.hash : null;
    const problem = checkSeal(seal.seal, this.state, chain, seal.verifySignature);
    if (problem !== null) this.problem(position, problem);
  }

  /** Within a damaged group, the record that can be told to be damaged, else the first one. */
  private firstBadRecord(firstPosition: number, value: Uint8Array): number {
    let group: GroupView;
    try {
      group = new GroupView(value);
    } catch {
      return firstPosition;
    }
    if (group.firstPosition !== firstPosition) return firstPosition;
    for (let position = firstPosition; position <= group.lastPosition; position++) {
      try {
        if (!this.reproduces(group, position)) return position;
      } catch {
        return position;
      }
    }
    return firstPosition;
  }

  /** The state of the checkpoint and the journal's tail against the state of the whole journal. */
  private compare(stored: LedgerState): void {
    const problems = [...differences(this.state, stored), ...this.registryProblems()];
    for (const text of problems) this.problem(null, text);
    if (problems.length > 0) this.report.balancesVerified = false;
  }

  private registryProblems(): string[] {
    const problems: string[] = [];
    try {
      for (const { kind, key, version, body } of this.storage.registryItems()) {
        const name = registryKey(kind, key);
        const expected = this.registry.get(name);
        const same = expected?.version === version && Buffer.compare(expected.body, body) === 0;
        if (!same) problems.push(`registry item ${kind} is not what the journal says`);
        this.registry.delete(name);
      }
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      return [...problems, error.message];
    }
    if (this.registry.size > 0) problems.push(`${this.registry.size} registry items are missing`);
    return problems;
  }

  private sum(): void {
    const { totals, balanced } = trialBalanceOf(this.state);
    this.report.debitsFen = totals.debitsPostedFen;
    this.report.creditsFen = totals.creditsPostedFen;
    this.report.debitsPendingFen = totals.debitsPendingFen;
    this.report.creditsPendingFen = totals.creditsPendingFen;
    if (balanced) return;
    this.report.balancesVerified = false;
    this.problem(null, 'debits and credits differ');
  }

  private problem(position: number | null, text: string): void {
    this.report.problems.push(text);
    if (position !== null) this.report.firstBadPosition ??= position;
  }

  registryVersion(kind: string, key: string): number {
    return this.registry.get(registryKey(kind, key))?.version ?? 0;
  }

  /** A journal never holds a known id twice, so nobody asks; a forged one is told by its record. */
  readRecorded(position: number, into: EntryView): void {
    const stored = this.storage.groupAt(position);
    if (stored === null) return;
    const record = new RecordView();
    new GroupView(stored.value).read(position, record);
    into.read(record.entry.bytes, record.entryStart, record.entryEnd);
  }
}

/** Where the entry of a record is: its first field. Throws RangeError when it is not there. */
function entrySpan(bytes: Uint8Array, start: number, end: number): { start: number; end: number } {
  // One byte of length, or two: what nearly every entry has.
  const low = bytes[start + 1]!;
  const high = bytes[start + 2]!;
  const length = low < 0x80 ? low : (low & 0x7f) | (high << 7);
  const from = start + (low < 0x80 ? 2 : 3);
  if (bytes[start] === 0x0a && (low < 0x80 || high < 0x80) && from + length <= end) {
    return { start: from, end: from + length };
  }
  const record = new RecordView();
  record.read(bytes, start, end);
  return { start: record.entryStart, end: record.entryEnd };
}

/** True when the bytes before `end` are those that were made. */
function endsWith(bytes: Uint8Array, end: number, { bytes: made, length }: ByteWriter): boolean {
  const start = end - length;
  if (start < 0) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== made[i]) return false;
  return true;
}

/** What stands before the first group. */
const GENESIS = { lastPosition: 0, hash: new Uint8Array(HASH_BYTES) };
