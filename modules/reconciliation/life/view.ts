/** What each record does to the view: runs, differences with their lives, proposals. A function of the journal alone. */
import type { JournalRecord } from '../../../ledger/types.ts';
import { positionKey } from '../../frame/keys.ts';
import type { WritableTableSource } from '../../frame/module.ts';
import { type Difference, fileDifference } from '../record.ts';
import { type ApprovalStep, approvalStepOf } from './approval.ts';
import {
  type DifferenceRow,
  type DifferenceState,
  firstState,
  gapOf,
  isOpen,
} from './difference.ts';
import { DifferenceRows } from './difference-rows.ts';
import { differenceId, factOf, type RequestFact, type RunFact } from './facts.ts';
import { type ProposalRow, type RunRow, TABLE } from './tables.ts';
import { terminalBatchDifference } from './terminal-batch.ts';

export function applyRecord(record: JournalRecord, tables: WritableTableSource): void {
  const batch = terminalBatchDifference(record);
  const step = approvalStepOf(record);
  const fact = factOf(record);
  if (batch === null && step === null && fact === null) return;
  const differences = new DifferenceRows(tables, record.position);
  const view = new View(tables, record.position, differences);
  if (batch !== null) differences.create(batch, batch.id);
  if (step !== null) view.approval(step);
  switch (fact?.kind) {
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

class View {
  private readonly tables: WritableTableSource;
  private readonly position: number;
  private readonly differences: DifferenceRows;

  constructor(tables: WritableTableSource, position: number, differences: DifferenceRows) {
    this.tables = tables;
    this.position = position;
    this.differences = differences;
  }

  run(run: RunFact): void {
    const { position } = this;
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
      const known = this.differences.get(id);
      if (known !== undefined && known.state !== 'AUTO_CLEARED') continue;
      appeared++;
      this.differences.create({ ...item, ...this.rowOf(run, item) }, id);
    }
    let disappeared = 0;
    for (const id of before) {
      const row = now.has(id) ? undefined : this.differences.get(id);
      if (row === undefined || !isOpen(row) || row.state === 'POSTED') continue;
      disappeared++;
      this.differences.move(row, 'AUTO_CLEARED', 'a later run of the day no longer finds it');
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

  /** What waited long enough is a difference for people. */
  private age(run: RunFact): void {
    const index = this.tables.table<string>(TABLE.byState);
    const prefix = `${run.institution}/BUFFERED/`;
    for (const { key } of [...index.range({ prefix })]) {
      const row = this.differences.get(key.slice(key.lastIndexOf('/') + 1));
      if (row === undefined || row.flow !== run.flow || row.bufferUntil > run.date) continue;
      this.differences.move(
        row,
        'CONFIRMED',
        `the other side did not follow until ${row.bufferUntil}`,
      );
    }
  }

  /** A bill that is missing or was refused is a difference of its own until a run succeeds. */
  private fileDifference(run: RunFact): void {
    const item = fileDifference(run.reason ?? run.outcome);
    // Named by what is wrong: another fault of the same day is another difference.
    const id = differenceId(run.flow, run.date, { ...item, orderId: item.message }, 0);
    if (this.differences.get(id) === undefined)
      this.differences.create({ ...item, ...this.rowOf(run, item) }, id);
  }

  approval(step: ApprovalStep): void {
    const proposals = this.tables.table<ProposalRow>(TABLE.proposals);
    if (step.kind === 'proposed') {
      const row = this.differences.get(step.request.differenceId);
      if (row === undefined || !isOpen(row)) return;
      const { differenceId: about, action } = step.request;
      proposals.put(step.proposalId, { differenceId: about, action });
      const proposed = { ...row, proposals: row.proposals + 1 };
      this.differences.move(proposed, 'PROPOSED', `${action} proposed by ${step.by}`, row.state);
      return;
    }
    const proposal = proposals.get(step.proposalId);
    const row = proposal && this.differences.get(proposal.differenceId);
    if (proposal === undefined || row === undefined) return;
    proposals.remove(step.proposalId);
    const next = proposal.action === 'suspend' ? 'POSTED' : 'CLOSED';
    const state = step.kind === 'approved' ? next : stateBefore(row);
    this.differences.move(row, state, `${proposal.action} ${step.kind} by ${step.by}`);
  }
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
function laterDate(date: string, days: number): string {
  const at = Date.UTC(
    Number(date.slice(0, 4)),
    Number(date.slice(4, 6)) - 1,
    Number(date.slice(6)),
  );
  return new Date(at + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
}
