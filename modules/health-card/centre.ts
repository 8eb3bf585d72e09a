/**
 * The exchange with the upper centre (city, province, nation): versioned changes of the black list
 * come down, the log of card uses goes up. Both go on where they stopped: what was taken is a fact.
 */
import { z } from 'zod';
import { idOf } from '../../ledger/id.ts';
import type { ActContext } from '../frame/module.ts';
import { factOf, settingChange, settingOf } from './accounts.ts';
import type { HealthCardQueries } from './queries.ts';
import { type BlacklistDelta, MODULE } from './types.ts';

type Context = ActContext<HealthCardQueries>;

const configSchema = z.object({
  centre: z.object({
    url: z.url(),
    level: z.enum(['city', 'province', 'nation']),
    everySeconds: z.number().min(1).default(60),
  }),
});

const deltaSchema = z.object({
  level: z.enum(['city', 'province', 'nation']),
  from: z.int().min(0),
  to: z.int().min(0),
  added: z.array(
    z.object({ cardNumber: z.string().regex(/^\d{13,19}$/), reason: z.string().max(100) }),
  ),
  removed: z.array(z.string().regex(/^\d{13,19}$/)),
});

const USES_AT_ONCE = 200;
const CALL_TIMEOUT_MS = 5_000;
let nextAtMs = 0;

export async function exchangeWithCentre(context: Context): Promise<void> {
  const config = configSchema.safeParse(context.config);
  if (!config.success || context.now() < nextAtMs) return;
  const { url, level, everySeconds } = config.data.centre;
  nextAtMs = context.now() + everySeconds * 1000;
  try {
    await pullBlacklist(context, url, level);
    await pushUses(context, url);
  } catch (error) {
    if (context.signal.aborted) return;
    context.log.warn({ reason: (error as Error).message }, 'the upper centre cannot be reached');
  }
}

async function pullBlacklist(context: Context, url: string, level: BlacklistDelta['level']) {
  const version = context.queries.blacklistVersion(level);
  const response = await fetch(`${url}/blacklist?level=${level}&from=${version}`, {
    signal: AbortSignal.any([context.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
  });
  if (!response.ok) throw new Error(`the centre answered ${response.status}`);
  const delta = deltaSchema.parse(await response.json());
  if (delta.to === version) return;
  if (delta.from !== version || delta.level !== level || delta.to < version) {
    throw new Error(`the centre sent changes from ${delta.from}, we hold ${version}`);
  }
  await takeDelta(context, delta);
}

/**
 * Puts a delta into the journal. The settings of our own e-cards and the status of ledger cards change
 * in the same entry, so the next transaction already sees it.
 */
export async function takeDelta(
  { ledger, reader, queries }: Pick<Context, 'ledger' | 'reader' | 'queries'>,
  delta: BlacklistDelta,
): Promise<void> {
  const removed = delta.removed.filter((cardNumber) =>
    queries.blacklisted(cardNumber).every(({ level }) => level === delta.level),
  );
  const registry = [
    ...delta.added.flatMap(({ cardNumber }) => statusChange(reader, cardNumber, true)),
    ...removed.flatMap((cardNumber) => statusChange(reader, cardNumber, false)),
  ];
  const key = `blacklist:${delta.level}:${delta.to}`;
  const { status } = await ledger.submit({
    id: idOf(MODULE, key),
    institution: '',
    fact: factOf('blacklist.changed', key, delta),
    registry,
  });
  if (status !== 'applied' && status !== 'exists') throw new Error(`black list: ${status}`);
}

function statusChange(reader: Context['reader'], cardNumber: string, listed: boolean) {
  const setting = settingOf(reader, cardNumber);
  if (setting === null || setting.status === 'cancelled') return [];
  const status = listed ? ('blacklisted' as const) : ('active' as const);
  return [settingChange(reader, cardNumber, (was) => ({ ...was!, status }))];
}

async function pushUses(context: Context, url: string): Promise<void> {
  const { queries, ledger, signal } = context;
  const uses = queries.uses(queries.uploaded(), USES_AT_ONCE);
  if (uses.length === 0) return;
  const response = await fetch(`${url}/uses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uses }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
  });
  if (!response.ok) throw new Error(`the centre answered ${response.status}`);
  const { position } = uses.at(-1)!;
  const key = `uploaded:${position}`;
  await ledger.submit({
    id: idOf(MODULE, key),
    institution: '',
    fact: factOf('uses.uploaded', key, { position }),
  });
  // There may be more: the next round does not wait.
  if (uses.length === USES_AT_ONCE) nextAtMs = 0;
}
