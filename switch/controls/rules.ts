/**
 * The rules that operators set at run time, as one schema for every scope. A rule that is left out
 * does not limit anything.
 */

import { z } from 'zod';
import { faultsOf } from '../../config/faults.ts';
import { isNetwork } from '../../config/network.ts';
import { PAYMENT_SCENES } from '../../protocols/records/health-card-code.ts';

const fen = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
const kinds = z.array(z.string().min(1)).min(1);
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'HH:MM');

/** Money and number of transactions; one of them at least. */
const limit = z.strictObject({
  /** Tells the limits of one scope apart; a changed figure under the same name keeps what was counted. */
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .default('spending'),
  /** Transactions that count, e.g. `["refund"]`; left out: those that spend a card holder's money. */
  kinds: kinds.optional(),
  transactionFen: fen.optional(),
  dayFen: fen.optional(),
  dayCount: z.int().min(1).optional(),
  /** Velocity: so much within any so many seconds. */
  window: z
    .strictObject({
      seconds: z.int().min(1).max(86_400),
      fen: fen.optional(),
      count: z.int().min(1).optional(),
    })
    .optional(),
});

export const ruleSet = z.strictObject({
  /** Nothing new is taken; what was begun may be ended. */
  disabled: z.boolean().optional(),
  /** When business is done, in the institution's time; days are 1 (Monday) to 7. `to` may lie past midnight. */
  hours: z
    .array(
      z.strictObject({
        days: z.array(z.int().min(1).max(7)).min(1).default([1, 2, 3, 4, 5, 6, 7]),
        from: clock,
        to: clock,
      }),
    )
    .optional(),
  /** Kinds of transactions that are allowed; all when left out. */
  allow: kinds.optional(),
  deny: kinds.optional(),
  limits: z.array(limit).optional(),
  /** The same card, merchant and amount again within so many seconds is refused. */
  duplicateSeconds: z.int().min(1).max(86_400).optional(),
  /** What codes of e-health-cards must be made for to pay here; left out: the merchant's category says. */
  scenes: z.array(z.enum(PAYMENT_SCENES)).min(1).optional(),
  /** Addresses that may connect, `10.1.0.0/16` or `10.1.2.3`. Only for listeners. */
  sources: z
    .array(z.string().refine(isNetwork, 'an address, or a network as 10.1.0.0/16'))
    .optional(),
});

export type RuleSet = z.output<typeof ruleSet>;
export type Limit = z.output<typeof limit>;

/** What a rule set may be set for. `each-…` holds for every one that has none of its own. */
const SCOPES =
  /^(each-(card|terminal|merchant)|(listener|merchant|terminal|card)\/[\x21-\x7e]{1,64})$/;

export function isScope(scope: string): boolean {
  return SCOPES.test(scope);
}

/** Rules of a registry item, or the sentence that says what is wrong with them. */
export function parseRules(text: string): RuleSet | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'the rules are no JSON';
  }
  const parsed = ruleSet.safeParse(value);
  return parsed.success ? parsed.data : faultsOf(parsed.error);
}
