/**
 * Telling subscribers what happened: signed calls, in order, repeated with growing pauses until they
 * are taken. How far a subscriber is, is a fact of the journal; a call may come twice after a crash,
 * and its position tells that it is the same one.
 */
import { idOf } from '../../ledger/id.ts';
import type { ActContext } from '../frame/module.ts';
import { moduleKey } from '../frame/module-key.ts';
import { factOf } from './facts.ts';
import type { EmpiQueries } from './queries.ts';
import type { IndexEvent, Subscription } from './types.ts';

/** Signs the calls with SM2; its public key is in the registry, and subscribers verify with that. */
export const NOTICE_KEY = {
  name: 'empi-notice',
  spec: { algorithm: 'sm2', purpose: 'sign' },
} as const;

const EVENTS_AT_ONCE = 50;
const CALL_TIMEOUT_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;

/** Pauses live in memory: after a restart every subscriber is tried at once. */
const pauses = new Map<string, { untilMs: number; lengthMs: number }>();

export async function notifySubscribers(context: ActContext<EmpiQueries>): Promise<void> {
  for (const subscription of context.queries.subscriptions()) {
    if (subscription.status !== 'active' || context.signal.aborted) continue;
    const { subscriptionId } = subscription;
    const pause = pauses.get(subscriptionId);
    if (pause !== undefined && pause.untilMs > context.now()) continue;
    const events = context.queries.events(subscription.reached, EVENTS_AT_ONCE);
    if (events.length === 0) continue;
    const taken = await call(context, subscription, events);
    if (!taken) {
      const lengthMs = Math.min(LONGEST_PAUSE_MS, (pause?.lengthMs ?? FIRST_PAUSE_MS / 2) * 2);
      pauses.set(subscriptionId, { untilMs: context.now() + lengthMs, lengthMs });
      continue;
    }
    pauses.delete(subscriptionId);
    await reached(context, subscriptionId, events.at(-1)!.position);
  }
}

async function call(
  context: ActContext<EmpiQueries>,
  { url, events: wanted, subscriptionId }: Subscription,
  events: IndexEvent[],
): Promise<boolean> {
  const chosen = wanted.length === 0 ? events : events.filter(({ kind }) => wanted.includes(kind));
  if (chosen.length === 0) return true;
  const body = JSON.stringify({ subscriptionId, events: chosen });
  const key = await moduleKey(context, NOTICE_KEY);
  const signature = await context.hsm.sign(key, Buffer.from(body, 'utf8'));
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'posp-signature': `sm2=${Buffer.from(signature).toString('hex')}`,
      },
      body,
      redirect: 'error',
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
    });
    if (response.ok) return true;
    context.log.warn({ subscriptionId, status: response.status }, 'a subscriber refused a notice');
  } catch {
    context.log.warn({ subscriptionId }, 'a subscriber cannot be reached');
  }
  return false;
}

async function reached(
  { ledger }: ActContext<EmpiQueries>,
  subscriptionId: string,
  position: number,
): Promise<void> {
  const key = `reached:${subscriptionId}:${position}`;
  await ledger.submit({
    id: idOf('empi', key),
    institution: '',
    fact: { module: factOf('subscription.reached', key, { subscriptionId, position }) },
  });
}
