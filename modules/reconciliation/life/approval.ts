/**
 * Adjustments go the way of all money operations that need two persons: a proposal and a decision in
 * the journal as facts of the module `approvals`, operation `reconciliation-adjustment`. What is
 * approved is posted in the record of the decision.
 */
import { idOf, idToHex } from '../../../ledger/id.ts';
import type { Entry, JournalRecord } from '../../../ledger/types.ts';
import type { DifferenceRow } from './difference.ts';
import type { AdjustmentAction } from './facts.ts';

export const ADJUSTMENT_OPERATION = 'reconciliation-adjustment';
const APPROVALS = 'approvals';

export interface AdjustmentRequest {
  differenceId: string;
  action: AdjustmentAction;
}

export type ApprovalStep =
  | { kind: 'proposed'; proposalId: string; request: AdjustmentRequest; by: string }
  | { kind: 'approved' | 'rejected' | 'failed'; proposalId: string; by: string };

/** What a record says about a proposal; null when it is about something else. */
export function approvalStepOf(record: JournalRecord): ApprovalStep | null {
  const fact = record.entry.fact?.module;
  if (fact?.module !== APPROVALS) return null;
  const proposalId = fact.key ?? '';
  const content = JSON.parse(Buffer.from(fact.payload ?? []).toString('utf8'));
  const by = String(content.by);
  const isApplied = record.status === 'applied';
  if (fact.kind === 'proposed') {
    if (!isApplied || content.operation !== ADJUSTMENT_OPERATION) return null;
    return { kind: 'proposed', proposalId, request: content.request, by };
  }
  if (fact.kind !== 'approved' && fact.kind !== 'rejected') return null;
  return { kind: isApplied ? fact.kind : 'failed', proposalId, by };
}

/** A proposal of the module itself: a person still has to approve it. */
export function ownProposal(row: DifferenceRow, action: AdjustmentAction, why: string): Entry {
  const id = idOf('reconciliation', 'own-proposal', row.id, action);
  const request: AdjustmentRequest = { differenceId: row.id, action };
  const content = { operation: ADJUSTMENT_OPERATION, request, why, by: 'system' };
  const payload = Buffer.from(JSON.stringify(content));
  const module = { module: APPROVALS, kind: 'proposed', key: idToHex(id), payload };
  return { id, institution: row.institution, fact: { module } };
}
