/** From what is on disk to the state in memory: the checkpoint's pages, then the journal's tail. */
import { loadPage, tableOf } from './checkpoint.ts';
import { LedgerError } from './errors.ts';
import { GroupView, RecordView } from './group.ts';
import type { InstitutionDays } from './institutions.ts';
import { Redo } from './redo.ts';
import { LedgerState } from './state.ts';
import { CHECKPOINT_TABLES, type Storage } from './storage.ts';
import type { RecoveryReport } from './types.ts';

export const META_CHECKPOINT = 'checkpoint';
export const META_INSTITUTIONS = 'institutions';

export interface Recovered {
  state: LedgerState;
  /** The position up to which the checkpoint on disk is good. */
  replayedFrom: number;
  report: RecoveryReport;
}

/**
 * Reads the state. A damaged page of the checkpoint is repaired by replaying the whole journal; a
 * damaged group of the journal throws LedgerError, because nothing else knows what it said.
 */
export function recover(storage: Storage): Recovered {
  const started = performance.now();
  const repairs: string[] = [];
  const institutions = readJson<InstitutionDays[]>(storage, META_INSTITUTIONS) ?? undefined;
  let state = new LedgerState(institutions);
  const damage = loadCheckpoint(storage, state);
  let replayedFrom = readJson<number>(storage, META_CHECKPOINT) ?? 0;
  if (damage !== null) {
    repairs.push(
      `${damage} of the checkpoint is damaged: every balance was rebuilt from the journal`,
    );
    state = new LedgerState(institutions);
    replayedFrom = 0;
  }
  const replayedRecords = replay(storage, state, replayedFrom);
  state.expiries.fill();
  const report = {
    position: state.position,
    replayedFrom,
    replayedRecords,
    accounts: state.accounts.rows.size,
    repairs,
    durationMs: performance.now() - started,
  };
  return { state, replayedFrom, report };
}

/** Loads every page; returns the name of the first one that is damaged, or null. */
function loadCheckpoint(storage: Storage, state: LedgerState): string | null {
  for (const table of CHECKPOINT_TABLES) {
    for (const { page, value } of storage.pages(table)) {
      if (!loadPage(state, { table, page, value })) return `page ${page} of ${table}`;
    }
    tableOf(state, table).loaded();
  }
  return null;
}

/** Replays the records after a position and leaves the state at the head; returns how many. */
function replay(storage: Storage, state: LedgerState, after: number): number {
  const redo = new Redo(state);
  const record = new RecordView();
  let replayed = 0;
  let previous: GroupView | null = null;
  for (const { firstPosition, value } of storage.groups(after + 1)) {
    const group = checkedGroup(firstPosition, value, previous);
    for (let position = firstPosition; position <= group.lastPosition; position++) {
      if (position <= after) continue;
      group.read(position, record);
      redo.record(record);
      replayed++;
    }
    state.position = group.lastPosition;
    state.timestampUs = group.timestampUs + group.count - 1;
    state.chainHash = new Uint8Array(group.hash);
    previous = group;
  }
  if (previous !== null) return replayed;
  const last = storage.lastGroup();
  if (last === null) return 0;
  return replay(storage, state, last.firstPosition - 1);
}

/** The group at a position, intact and chained to the one before it; throws LedgerError otherwise. */
export function checkedGroup(
  firstPosition: number,
  value: Uint8Array,
  previous: { lastPosition: number; hash: Uint8Array } | null,
): GroupView {
  const group = parseGroup(firstPosition, value);
  const chained =
    previous === null ||
    (group.firstPosition === previous.lastPosition + 1 &&
      Buffer.compare(group.previousHash, previous.hash) === 0);
  if (chained && group.firstPosition === firstPosition && group.isIntact()) return group;
  throw damagedAt(firstPosition);
}

function parseGroup(firstPosition: number, value: Uint8Array): GroupView {
  try {
    return new GroupView(value);
  } catch (error) {
    if (error instanceof RangeError) throw damagedAt(firstPosition);
    throw error;
  }
}

function damagedAt(position: number): LedgerError {
  return new LedgerError(
    'journal_damaged',
    `the journal is damaged from record ${position} on: restore a backup`,
  );
}

export function readJson<Value>(storage: Storage, key: string): Value | null {
  const value = storage.meta(key);
  return value === null ? null : (JSON.parse(Buffer.from(value).toString('utf8')) as Value);
}

export function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}
