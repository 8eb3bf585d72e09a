/** `/v1/proposals`: one person asks for a money operation, another one approves or rejects it. */
import { z } from 'zod';
import { idOf, idToHex } from '../../ledger/id.ts';
import { approvals, type Proposal } from '../../modules/approvals/module.ts';
import { OPERATIONS, type Operation } from '../operations.ts';
import { pageOf, pageQuery } from '../page-token.ts';
import type { PlannedOperation } from '../planned-operation.ts';
import { ApiProblem, badRequest, conflict, forbidden, notFound } from '../problem.ts';
import { type Caller, inScope, type Route, route } from '../route.ts';
import { instant, instantOf, why } from '../schemas.ts';
import { type ApiServices, freshView } from '../services.ts';
import { institutionOf } from './transactions.ts';

const state = z.enum(['open', 'approved', 'rejected', 'failed']);
const proposalId = z.string().regex(/^[0-9a-f]{32}$/, '32 hex digits');
const proposalView = z.object({
  proposalId,
  institution: z.string(),
  operation: z.string(),
  request: z.unknown(),
  why: z.string(),
  state,
  proposedBy: z.string(),
  proposedAt: instant,
  proposedPosition: z.int(),
  decision: z
    .object({ by: z.string(), why: z.string(), at: instant, position: z.int(), status: z.string() })
    .nullable(),
});
const wanted = z.strictObject({
  operation: z.enum(OPERATIONS.map(({ name }) => name)),
  request: z.record(z.string(), z.unknown()),
  why,
});
const common = { tag: 'proposals' } as const;
const params = z.strictObject({ proposalId });

export function approvalRoutes(services: ApiServices): Route[] {
  const { pages } = services;
  return [
    route({
      ...common,
      method: 'post',
      path: '/v1/proposals',
      summaryZh: '提出资金操作（经办）',
      summaryEn: `Ask for a money operation: ${OPERATIONS.map(({ name }) => name).join(', ')}`,
      permission: 'money:propose',
      changes: true,
      body: wanted,
      answer: proposalView,
      handle: ({ body, caller, idempotencyKey }) => propose(body, caller, idempotencyKey, services),
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/proposals',
      summaryZh: '资金操作列表',
      summaryEn: 'Proposals, newest first',
      permission: 'money:read',
      changes: false,
      query: z.strictObject({ state: state.optional(), ...pageQuery }),
      answer: pageOf(proposalView),
      handle: ({ caller, query }) =>
        pages.page('proposals', caller, query, async (asked, from, limit) => {
          const institution = institutionOf(undefined, caller);
          const before = from === null ? null : Number(from);
          const { queries } = await freshView(approvals, services);
          const found = queries.list(institution, asked.state ?? null, before, limit);
          const next = found.length === limit ? String(found.at(-1)!.proposedPosition) : null;
          return { items: found.map(viewOf), next };
        }),
    }),
    decisionRoute('approval', '复核通过', 'Approve: the money moves in the same entry', services),
    decisionRoute('rejection', '复核拒绝', 'Reject', services),
  ];
}

function decisionRoute(
  what: 'approval' | 'rejection',
  summaryZh: string,
  summaryEn: string,
  services: ApiServices,
): Route {
  return route({
    ...common,
    method: 'post',
    path: `/v1/proposals/{proposalId}/${what}`,
    summaryZh,
    summaryEn,
    permission: 'money:approve',
    changes: true,
    params,
    body: z.strictObject({ why }),
    answer: proposalView,
    handle: ({ params: { proposalId: id }, body, caller }) =>
      decide(id, what, body.why, caller, services),
  });
}

async function propose(
  body: z.output<typeof wanted>,
  caller: Caller,
  idempotencyKey: string,
  services: ApiServices,
) {
  const { ledger, view } = services;
  const { operation, request } = checkedRequest(body.operation, body.request);
  const { institution } = await operation.plan(request, caller, services);
  const id = idOf('api', 'proposal', caller.id, idempotencyKey);
  const content = { operation: operation.name, request, why: body.why, by: caller.id };
  const payload = Buffer.from(JSON.stringify(content));
  const fact = { module: 'approvals', kind: 'proposed', key: idToHex(id), payload };
  const { position } = await ledger.submit({ id, institution, fact: { module: fact } });
  return seen(idToHex(id), position, view(approvals));
}

/** The decision's id is made of the proposal alone, so there is one decision and no second one. */
async function decide(
  id: string,
  what: 'approval' | 'rejection',
  reason: string,
  caller: Caller,
  services: ApiServices,
) {
  const { ledger, view } = services;
  const open = view(approvals);
  const proposal = open.queries.proposal(id);
  if (proposal === undefined || !inScope(caller, proposal.institution)) {
    throw notFound('There is no such proposal.');
  }
  if (!caller.id.startsWith('operator:')) throw forbidden('A person has to decide this.');
  if (proposal.by === caller.id) throw forbidden('Somebody else has to decide this.');
  const kind = what === 'approval' ? 'approved' : 'rejected';
  const { operation, request } = checkedRequest(proposal.operation, proposal.request);
  const scoped = { ...caller, institution: proposal.institution };
  const planned =
    what === 'approval' && proposal.state === 'open'
      ? plannedParts(await operation.plan(request, scoped, services))
      : null;
  const payload = Buffer.from(JSON.stringify({ why: reason, by: caller.id }));
  const { status, position } = await ledger.submit({
    id: idOf('approvals', 'decision', id),
    institution: proposal.institution,
    ...planned,
    fact: { module: { module: 'approvals', kind, key: id, payload } },
  });
  const decided = await seen(id, position, open);
  if (decided.decision?.by !== caller.id || (status !== 'applied' && decided.state !== kind)) {
    if (decided.state !== 'failed') {
      throw conflict('already_decided', `This proposal was ${decided.state} before.`);
    }
    const detail = `The ledger refused this: ${status.replaceAll('_', ' ')}.`;
    throw new ApiProblem(422, status, detail);
  }
  return decided;
}

/** What a planned operation puts into the entry of its approval. */
function plannedParts({ transfers, accounts = [], registry = [] }: PlannedOperation) {
  return { transfers, accounts, registry };
}

function checkedRequest(name: string, given: unknown): { operation: Operation; request: never } {
  const operation = OPERATIONS.find((one) => one.name === name);
  if (operation === undefined) throw badRequest('no_operation', `There is no operation ${name}.`);
  const result = operation.request.safeParse(given);
  if (result.success) return { operation, request: result.data as never };
  const errors = result.error.issues.map(({ path, message }) => ({
    field: ['body', 'request', ...path.map(String)].join('.'),
    message,
  }));
  throw new ApiProblem(400, 'invalid', 'The request is not what this operation takes.', { errors });
}

/** The proposal as the view has it when it has come to the position. */
async function seen(
  id: string,
  position: number,
  open: {
    reached(position: number): Promise<boolean>;
    queries: { proposal(id: string): Proposal | undefined };
  },
) {
  await open.reached(position);
  const proposal = open.queries.proposal(id);
  if (proposal === undefined) {
    throw new ApiProblem(503, 'behind', 'This was recorded; the view is behind: look again.');
  }
  return viewOf(proposal);
}

function viewOf(proposal: Proposal) {
  const { id, institution, operation, request, why: reason, by, decision } = proposal;
  return {
    proposalId: id,
    institution,
    operation,
    request,
    why: reason,
    state: proposal.state,
    proposedBy: by,
    proposedAt: instantOf(proposal.proposedAtUs),
    proposedPosition: proposal.proposedPosition,
    decision:
      decision === null
        ? null
        : {
            by: decision.by,
            why: decision.why,
            at: instantOf(decision.atUs),
            position: decision.position,
            status: decision.status,
          },
  };
}
