/**
 * Reconciliation as a module: follows its own facts, runs flows when their time has come or somebody
 * asks, and proposes what can be proposed without judgement. Money moves only when a person approves.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActContext, Module } from '../frame/module.ts';
import { dueSlots, type Flow, flowsOf, type ReconciliationConfig, type Slot } from './flow/flow.ts';
import { runFlow } from './flow/run-flow.ts';
import { actionProblem } from './life/adjust.ts';
import { ownProposal } from './life/approval.ts';
import { MODULE_NAME, type RunFact } from './life/facts.ts';
import { applyRecord } from './life/view.ts';
import { type ReconciliationQueries, reconciliationQueries } from './queries.ts';

type Context = ActContext<ReconciliationQueries>;

export const reconciliation: Module<ReconciliationQueries> = {
  name: MODULE_NAME,
  version: 2,
  apply: applyRecord,
  queries: reconciliationQueries,
  act,
};

async function act(context: Context): Promise<void> {
  const flows = flowsOf(context.config as ReconciliationConfig | undefined, context.reader);
  for (const flow of flows) {
    for (const slot of openSlots(flow, context)) {
      if (context.signal.aborted) return;
      await run(flow, slot, context);
    }
    if (flow.proposesRefunds) await proposeRefunds(flow, context);
  }
}

/** Scheduled times that have come, and what was asked for, without those that were served. */
function openSlots(flow: Flow, { queries, reader, now }: Context): Slot[] {
  const institution = reader.registry.get('institution', flow.institution)?.value;
  if (institution === undefined) return [];
  const due = dueSlots(flow, institution.timeZone, now());
  const asked = queries
    .requests()
    .filter(({ request }) => request.flow === flow.name)
    .map(({ key, request }) => ({ name: key, date: request.date }));
  return [...due, ...asked].filter(({ name }) => !queries.isServed(flow.name, name));
}

/** Progress is written at most so often. */
const PROGRESS_MS = 300;

async function run(flow: Flow, slot: Slot, context: Context): Promise<void> {
  const { reader, ledger, dataDir, log } = context;
  let writtenAtMs = 0;
  const progress = (share: number): void => {
    const nowMs = performance.now();
    if (nowMs - writtenAtMs < PROGRESS_MS && share < 1) return;
    writtenAtMs = nowMs;
    writeProgress(dataDir, { flow: flow.name, date: slot.date, slot: slot.name, share });
  };
  let fact: RunFact;
  try {
    fact = await runFlow(flow, slot, { reader, ledger, dataDir, progress });
  } finally {
    rmSync(progressPath(dataDir), { force: true });
  }
  const { outcome, matched, counts, reason } = fact;
  const said = { flow: flow.name, date: slot.date, outcome, matched, counts, reason };
  if (outcome === 'done') log.info(said, 'reconciliation ran');
  else log.warn(said, 'reconciliation could not run');
}

/** Where the API looks for how far a run is: it is in another thread, and perhaps another process. */
export function progressPath(dataDir: string): string {
  return join(dataDir, 'reconciliation', 'progress.json');
}

function writeProgress(dataDir: string, progress: object): void {
  mkdirSync(join(dataDir, 'reconciliation'), { recursive: true });
  const path = progressPath(dataDir);
  writeFileSync(`${path}.part`, JSON.stringify(progress));
  renameSync(`${path}.part`, path);
}

/** Money that the channel took too often or that we know nothing of goes back to who paid. */
async function proposeRefunds(flow: Flow, { queries, ledger }: Context): Promise<void> {
  for (const row of queries.differences({ institution: flow.institution, state: 'CONFIRMED' })) {
    const isExtra = row.code === 'DUP' || row.code === 'CH_ONLY';
    const isMine = row.flow === flow.name && row.type === 'pay' && row.proposals === 0;
    if (!isExtra || !isMine || actionProblem(row, 'refund') !== null) continue;
    const why = `退回原支付账户 refund to the original account: ${row.channelId ?? row.orderId}`;
    await ledger.submit(ownProposal(row, 'refund', why));
  }
}
