/** What the handlers of health cards share: permissions, the door to the module, refusals, a card as callers see it. */
import { z } from 'zod';
import { CardRefusal } from '../../../modules/health-card/accounts.ts';
import type { CodeDoor } from '../../../modules/health-card/codes.ts';
import { healthCard } from '../../../modules/health-card/module.ts';
import type { Account } from '../../../modules/health-card/types.ts';
import { maskPan } from '../../../protocols/mask.ts';
import { conflict, notFound } from '../../problem.ts';
import type { Caller } from '../../route.ts';
import type { ApiServices } from '../../services.ts';

export const READ = {
  tag: 'health-card',
  permission: 'health-cards:read',
  changes: false,
} as const;
export const WRITE = {
  tag: 'health-card',
  permission: 'health-cards:write',
  changes: true,
} as const;

export const params = z.object({ cardNumber: z.string().regex(/^\d{16}$/) });
export const accountShape = z.object({
  erhcCardNo: z.string(),
  empi: z.string(),
  status: z.enum(['active', 'cancelled']),
  checkedBy: z.string(),
  phone: z.string(),
  payCard: z.string(),
  bankCards: z.array(z.string()),
  cancelReason: z.string(),
  centre: z.string(),
});

export function healthCardDoor(services: ApiServices): () => CodeDoor {
  return () => {
    const view = services.view(healthCard);
    const { ledger, reader, hsm } = services;
    const reached = (position: number) => view.reached(position);
    return { ledger, reader, hsm, queries: view.queries, reached, now: Date.now };
  };
}

/** Cards as callers see them: numbers of paying cards are masked. */
export function shown({ cardNumber, personId, payCard, bankCards, version: _, ...rest }: Account) {
  return {
    ...rest,
    erhcCardNo: cardNumber,
    empi: personId,
    payCard: payCard === '' ? '' : maskPan(payCard),
    bankCards: bankCards.map(maskPan),
  };
}

/** The same request by the same caller is the same fact. */
export const keyOf = ({ caller, idempotencyKey }: { caller: Caller; idempotencyKey: string }) =>
  `${caller.id}:${idempotencyKey}`;

export async function orConflict<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof CardRefusal)) throw error;
    if (error.code === 'card_unknown') throw notFound('There is no such health card.');
    throw conflict(error.code, `refused: ${error.code}`);
  }
}
