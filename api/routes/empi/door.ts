/** What the handlers of the index share: permissions, the door to it, and refusals as problem documents. */
import { type EmpiDoor, IndexBehind, send } from '../../../modules/empi/commands.ts';
import type { CommandKind, Commands } from '../../../modules/empi/facts.ts';
import { empi } from '../../../modules/empi/module.ts';
import type { Outcome } from '../../../modules/empi/types.ts';
import { ApiProblem, conflict, forbidden } from '../../problem.ts';
import type { Caller } from '../../route.ts';
import type { ApiServices } from '../../services.ts';

export const READ = { tag: 'empi', permission: 'empi:read', changes: false } as const;
export const WRITE = { tag: 'empi', permission: 'empi:write', changes: true } as const;
export const REVIEW = { tag: 'empi', permission: 'empi:review', changes: true } as const;
export const MANAGE = { tag: 'empi', permission: 'empi:manage', changes: true } as const;

/** Where the routes of the index send commands to, and its queries. */
export function empiDoor(services: Pick<ApiServices, 'view' | 'ledger'>): () => EmpiDoor {
  return () => {
    const view = services.view(empi);
    return {
      ledger: services.ledger,
      queries: view.queries,
      reached: (position) => view.reached(position),
    };
  };
}

/** A change of the index: its outcome is the answer, its refusal a conflict with the reason's code. */
export async function change<Kind extends CommandKind>(
  door: EmpiDoor,
  { caller, idempotencyKey }: { caller: Caller; idempotencyKey: string },
  kind: Kind,
  command: Commands[Kind],
) {
  return orRefused(await orBehind(send(door, `${caller.id}:${idempotencyKey}`, kind, command)));
}

/** Throws ApiProblem with the reason's code for a command that was refused. */
export function orRefused<Done extends Outcome>(outcome: Done): Done {
  if (outcome.status === 'refused') throw conflict(outcome.code!, `refused: ${outcome.code}`);
  return outcome;
}

export async function orBehind<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof IndexBehind)) throw error;
    throw new ApiProblem(503, 'index_behind', `${error.message}: ask again with the same key`);
  }
}

/** One source a domain: no other program feeds it. Operators may, for they put right what went wrong. */
export function refuseForeignDomains(
  { queries }: EmpiDoor,
  { id }: Caller,
  media: readonly { domain: string }[],
): void {
  if (id.startsWith('operator:')) return;
  for (const { domain } of media) {
    const source = queries.domain(domain)?.source ?? '';
    if (source !== '' && source !== id) throw forbidden(`${domain} is fed by another source.`);
  }
}
