/** The view: runs, differences with their lives, proposals. A function of the journal alone. */
import type { JournalRecord } from '../../../ledger/types.ts';
import type { WritableTableSource } from '../../frame/module.ts';
import type { Difference } from '../record.ts';
import { type AdjustmentRequest, type ApprovalStep, approvalStepOf } from './approval.ts';
import {
  type DifferenceRow,
  type DifferenceState,
  firstState,
  gapOf,
  halfKeys,
  isOpen,
  isOtherHalf,
} from './difference.ts';
import { differenceId, factOf, type RequestFact, type RunFact } from './facts.ts';
import { terminalBatchDifference } from './terminal-batch.ts';

/** A run as the view keeps it; `version` counts runs of the same flow and date with other inputs. */
export interface RunRow extends RunFact {
  position: number;
  version: number;
  /** How the differences are not those of the version before. */
  appeared: number;
  disappeared: number;
  /** The bill was another one in the version before. */
  changedFile?: { oldSha256: string; newSha256: string };
}

/** An open proposal, by its id. */
export type ProposalRow = AdjustmentRequest;

export const TABLE = {
  /** `institution/date/flow/version`. */
  runs: 'runs',
  /** Run id with slot -> key of the run. */
  runKeys: 'run-keys',
  /** `flow/slot` -> position. */
  slots: 'slots',
  parts: 'parts',
  differences: 'differences',
  /** `institution/state/date/id`. */
  byState: 'by-state',
  /** `flow/date/id`. */
  byRun: 'by-run',
  /** `institution/orderId/id`. */
  byOrder: 'by-order',
  /** `institution/source/type/key/id` of differences that wait for their other half. */
  halves: 'halves',
  proposals: 'proposals',
  requests: 'requests',
} as const;

export function applyRecord(record: JournalRecord, tables: WritableTableSource): void {
  const batch = terminalBatchDifference(record);
  if (batch !== null) new View(tables, record).create(batch, batch.id);
  const step = approvalStepOf(record);
  if (step !== null) new View(tables, record).approval(step);
  const fact = factOf(record);
  if (fact === null) return;
  const view = new View(tables, record);
  switch (fact.kind) {
    case 'differences':
      tables.table<Difference[]>(TABLE.parts).put(partKey(fact.payload), fact.payload.items);
      return;
    case 'run':
      view.run(fact.payload);
      return;
    case 'requested':
      tables.table<RequestFact>(TABLE.requests).put(positionKey(record.position), fact.payload);
  }
}

function partKey({ runId, part }: { runId: string; part: number }): string {
  return `${runId}/${String(part).padStart(6, '0')}`;
}

export function positionKey(position: number): string {
  return String(position).padStart(16, '0');
}

class View {
  private readonly tables: WritableTableSource;
  private readonly record: JournalRecord;

  constructor(tables: WritableTableSource, record: JournalRecord) {
    this.tables = tables;
    this.record = record;
  }

  run(run: RunFact): void {
    const { position } = this.record;
    const runs = this.tables.table<RunRow>(TABLE.runs);
    const prefix = `${run.institution}/${run.date}/${run.flow}/`;
    const [last] = [...runs.range({ prefix, reverse: true, limit: 1 })];
    this.tables.table<number>(TABLE.slots).put(`${run.flow}/${run.slot}`, position);
    this.tables.table<RequestFact>(TABLE.requests).remove(run.slot);
    const items = this.takeParts(run);
    const isRepeat = last?.value.runId === run.runId && last.value.outcome === run.outcome;
    if (isRepeat) return;
    const version = (last?.value.version ?? 0) + 1;
    const row: RunRow = { ...run, position, version, appeared: 0, disappeared: 0 };
    if (run.outcome === 'done') {
      Object.assign(row, this.delta(run, items));
      const oldSha256 = lastBill(runs, prefix);
      const newSha256 = run.files?.theirs.sha256 ?? '';
      if (oldSha256 !== null && oldSha256 !== newSha256) row.changedFile = { oldSha256, newSha256 };
      this.age(run);
    } else this.fileDifference(run);
    const key = `${prefix}${String(version).padStart(6, '0')}`;
    runs.put(key, row);
    this.tables.table<string>(TABLE.runKeys).put(run.runId, key);
  }

  private takeParts(run: RunFact): Difference[] {
    const parts = this.tables.table<Difference[]>(TABLE.parts);
    const items: Difference[] = [];
    for (let part = 0; part < run.parts; part++) {
      const key = partKey({ runId: run.runId, part });
      items.push(...(parts.get(key) ?? []));
    }
    return items;
  }

  /** New differences come to life; those that this version no longer has are cleared. */
  private delta(run: RunFact, items: readonly Difference[]) {
    const index = this.tables.table<number>(TABLE.byRun);
    const prefix = `${run.flow}/${run.date}/`;
    const before = new Set([...index.range({ prefix })].map(({ key }) => key.slice(prefix.length)));
    const equal = new Map<string, number>();
    const now = new Set<string>();
    let appeared = 0;
    for (const item of items) {
      const plain = differenceId(run.flow, run.date, item, 0);
      const ordinal = equal.get(plain) ?? 0;
      equal.set(plain, ordinal + 1);
      const id = differenceId(run.flow, run.date, item, ordinal);
      now.add(id);
      const known = this.row(id);
      if (known !== undefined && known.state !== 'AUTO_CLEARED') continue;
      appeared++;
      this.create({ ...item, ...this.rowOf(run, item) }, id);
    }
    let disappeared = 0;
    for (const id of before) {
      const row = now.has(id) ? undefined : this.row(id);
      if (row === undefined || !isOpen(row) || row.state === 'POSTED') continue;
      disappeared++;
      this.move(row, 'AUTO_CLEARED', 'a later run of the day no longer finds it');
    }
    return { appeared, disappeared };
  }

  private rowOf(run: RunFact, item: Difference): Omit<DifferenceRow, keyof Difference | 'id'> {
    const { institution, flow, layer, source, date, bufferDays } = run;
    return {
      institution,
      flow,
      layer,
      source,
      date,
      state: firstState(item),
      bufferUntil: laterDate(date, bufferDays),
      proposals: 0,
      gapFen: gapOf(item),
      history: [],
    };
  }

  /** Puts a new difference in place; its other half, if it waits already, clears both. */
  create(item: Omit<DifferenceRow, 'id'>, id: string): void {
    const { position } = this.record;
    const row: DifferenceRow = {
      ...item,
      id,
      history: [{ position, state: item.state, why: 'found' }],
    };
    this.put(row, null);
    this.tables.table<number>(TABLE.byRun).put(`${row.flow}/${row.date}/${id}`, position);
    this.tables
      .table<number>(TABLE.byOrder)
      .put(`${row.institution}/${row.orderId}/${id}`, position);
    if (row.state !== 'BUFFERED') return;
    const other = this.otherHalf(row);
    if (other === null) {
      const halves = this.tables.table<string>(TABLE.halves);
      for (const key of halfKeys(row)) halves.put(`${halfPrefix(row, key)}${id}`, id);
      return;
    }
    this.move(other, 'AUTO_CLEARED', `the other side has it on ${row.date}`);
    this.move(row, 'AUTO_CLEARED', `our other side has it on ${other.date}`);
  }

  private otherHalf(row: DifferenceRow): DifferenceRow | null {
    const halves = this.tables.table<string>(TABLE.halves);
    for (const key of halfKeys(row)) {
      for (const { value } of halves.range({ prefix: halfPrefix(row, key) })) {
        const other = this.row(value);
        if (other !== undefined && isOpen(other) && isOtherHalf(row, other)) return other;
      }
    }
    return null;
  }

  /** What waited long enough is a difference for people. */
  private age(run: RunFact): void {
    const index = this.tables.table<string>(TABLE.byState);
    const prefix = `${run.institution}/BUFFERED/`;
    for (const { key } of [...index.range({ prefix })]) {
      const row = this.row(key.slice(key.lastIndexOf('/') + 1));
      if (row === undefined || row.flow !== run.flow || row.bufferUntil > run.date) continue;
      this.move(row, 'CONFIRMED', `the other side did not follow until ${row.bufferUntil}`);
    }
  }

  /** A bill that is missing or was refused is a difference of its own until a run succeeds. */
  private fileDifference(run: RunFact): void {
    const item: Difference = {
      code: 'FILE',
      type: 'pay',
      orderId: run.reason ?? run.outcome,
      oursFen: null,
      theirsFen: null,
    };
    const id = differenceId(run.flow, run.date, item, 0);
    if (this.row(id) === undefined) this.create({ ...item, ...this.rowOf(run, item) }, id);
  }

  approval(step: ApprovalStep): void {
    const proposals = this.tables.table<ProposalRow>(TABLE.proposals);
    if (step.kind === 'proposed') {
      const row = this.row(step.request.differenceId);
      if (row === undefined || !isOpen(row)) return;
      const { differenceId: about, action } = step.request;
      proposals.put(step.proposalId, { differenceId: about, action });
      const proposed = { ...row, proposals: row.proposals + 1 };
      this.move(proposed, 'PROPOSED', `${action} proposed by ${step.by}`, row.state);
      return;
    }
    const proposal = proposals.get(step.proposalId);
    const row = proposal && this.row(proposal.differenceId);
    if (proposal === undefined || row === undefined) return;
    proposals.remove(step.proposalId);
    const next = proposal.action === 'suspend' ? 'POSTED' : 'CLOSED';
    const state = step.kind === 'approved' ? next : stateBefore(row);
    this.move(row, state, `${proposal.action} ${step.kind} by ${step.by}`);
  }

  private row(id: string): DifferenceRow | undefined {
    return this.tables.table<DifferenceRow>(TABLE.differences).get(id);
  }

  private move(
    row: DifferenceRow,
    state: DifferenceState,
    why: string,
    before: DifferenceState = row.state,
  ): void {
    const { position } = this.record;
    const history = [...row.history, { position, state, why }];
    this.put({ ...row, state, history }, before);
    if (state === 'BUFFERED') return;
    const halves = this.tables.table<string>(TABLE.halves);
    // A confirmed one may still find its other half; a finished one may not.
    if (state === 'CONFIRMED') return;
    for (const key of halfKeys(row)) halves.remove(`${halfPrefix(row, key)}${row.id}`);
  }

  private put(row: DifferenceRow, before: DifferenceState | null): void {
    const states = this.tables.table<string>(TABLE.byState);
    if (before !== null) states.remove(stateKey(row, before));
    states.put(stateKey(row, row.state), row.id);
    this.tables.table<DifferenceRow>(TABLE.differences).put(row.id, row);
  }
}

function stateKey({ institution, date, id }: DifferenceRow, state: DifferenceState): string {
  return `${institution}/${state}/${date}/${id}`;
}

function halfPrefix({ institution, source }: DifferenceRow, key: string): string {
  return `${institution}/${source}/${key}/`;
}

/** Where a rejected proposal leads back to: into suspense when it was there already. */
function stateBefore({ history }: DifferenceRow): DifferenceState {
  return history.some(({ state }) => state === 'POSTED') ? 'POSTED' : 'CONFIRMED';
}

/** SHA-256 of the bill of the last successful version before. */
function lastBill(
  runs: { range(range: object): Iterable<{ value: RunRow }> },
  prefix: string,
): string | null {
  for (const { value } of runs.range({ prefix, reverse: true })) {
    if (value.outcome === 'done') return value.files?.theirs.sha256 ?? null;
  }
  return null;
}

/** YYYYMMDD some days later. */
export function laterDate(date: string, days: number): string {
  const at = Date.UTC(
    Number(date.slice(0, 4)),
    Number(date.slice(4, 6)) - 1,
    Number(date.slice(6)),
  );
  return new Date(at + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
}
