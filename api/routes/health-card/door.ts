/** What the handlers of health cards share: permissions, the door to the module, refusals, a card as callers see it. */
import { z } from 'zod';
import { CardRefusal } from '../../../modules/health-card/card-record.ts';
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

export const cardNumber = z.string().regex(/^\d{16}$/);
export const params = z.object({ cardNumber });
export const accountShape = z.object({
  erhcCardNo: z.string(),
  empi: z.string(),
  status: z.enum(['active', 'blacklisted', 'cancelled']),
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
    const { ledger, reader, hsm, config } = services;
    const needsPassword = config['health-card'].staticCodesNeedPassword;
    const reached = (position: number) => view.reached(position);
    return { ledger, reader, hsm, needsPassword, queries: view.queries, reached, now: Date.now };
  };
}

/** A card as callers see it: numbers of paying cards are masked. */
export function shown({ queries }: CodeDoor, account: Account) {
  const { cardNumber: erhcCardNo, personId, payCard, bankCards } = account;
  const { checkedBy, phone, cancelReason, centre } = account;
  return {
    erhcCardNo,
    empi: personId,
    status: queries.statusOf(account),
    checkedBy,
    phone,
    payCard: payCard === '' ? '' : maskPan(payCard),
    bankCards: bankCards.map(maskPan),
    cancelReason,
    centre,
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
