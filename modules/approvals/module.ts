/**
 * The view of proposals: money operations that one person asked for and another one has to approve.
 * A decision and what it moves are one entry, so there is no approved operation that was not done.
 */
import { positionKey } from '../frame/keys.ts';
import type { Module, TableSource } from '../frame/module.ts';

/** What a fact of kind `proposed` holds. */
export interface Proposed {
  operation: string;
  request: unknown;
  why: string;
  by: string;
}

/** What a fact of kind `approved` or `rejected` holds. */
export interface Decided {
  why: string;
  by: string;
}

/** `failed`: approved, but the ledger refused it. */
export type ProposalState = 'open' | 'approved' | 'rejected' | 'failed';

export interface Proposal extends Proposed {
  id: string;
  institution: string;
  state: ProposalState;
  proposedPosition: number;
  proposedAtUs: number;
  decision: (Decided & { position: number; atUs: number; status: string }) | null;
}

export interface ApprovalQueries {
  proposal(id: string): Proposal | undefined;
  /** Newest first, before a position. */
  list(
    institution: string,
    state: ProposalState | null,
    before: number | null,
    limit: number,
  ): Proposal[];
}

export const approvals: Module<ApprovalQueries> = {
  name: 'approvals',
  version: 1,

  apply({ entry, position, timestampUs, status }, tables) {
    const fact = entry.fact?.module;
    if (fact?.module !== 'approvals') return;
    const proposals = tables.table<Proposal>('proposals');
    const id = fact.key ?? '';
    const content = JSON.parse(Buffer.from(fact.payload ?? []).toString('utf8'));
    if (fact.kind === 'proposed') {
      if (status !== 'applied') return;
      const common = { id, institution: entry.institution, state: 'open' as const };
      const made = { proposedPosition: position, proposedAtUs: timestampUs, decision: null };
      proposals.put(id, { ...(content as Proposed), ...common, ...made });
      tables.table<string>('by-age').put(`${entry.institution}/${positionKey(position)}`, id);
      return;
    }
    const proposal = proposals.get(id);
    if (proposal === undefined || proposal.state !== 'open') return;
    const state = status === 'applied' ? (fact.kind as ProposalState) : 'failed';
    const decision = { ...(content as Decided), position, atUs: timestampUs, status };
    proposals.put(id, { ...proposal, state, decision });
  },

  queries: (tables: TableSource): ApprovalQueries => ({
    proposal: (id) => tables.table<Proposal>('proposals').get(id),
    list(institution, state, before, limit) {
      const prefix = `${institution}/`;
      const to = before === null ? {} : { to: prefix + positionKey(before) };
      const found: Proposal[] = [];
      for (const { value } of tables
        .table<string>('by-age')
        .range({ prefix, reverse: true, ...to })) {
        const proposal = tables.table<Proposal>('proposals').get(value)!;
        if (state === null || proposal.state === state) found.push(proposal);
        if (found.length === limit) break;
      }
      return found;
    },
  }),
};
