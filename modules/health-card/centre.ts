/**
 * The exchange with the upper centre (city, province, nation): versioned changes of the black list
 * come down, the log of card uses goes up. Both go on where they stopped: what was taken is a fact.
 */
import { z } from 'zod';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { ActContext } from '../frame/module.ts';
import { factOf, settingChange, settingOf } from './card-record.ts';
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
  added: z.array(z.unknown()).default([]),
  removed: z.array(z.unknown()).default([]),
});

const cardNumber = z.string().regex(/^\d{13,19}$/);
const REASON_CHARACTERS = 100;
const reason = z
  .string()
  .catch('')
  .transform((text) => text.slice(0, REASON_CHARACTERS));
const listed = z.object({ cardNumber, reason });

const USES_AT_ONCE = 200;
const CALL_TIMEOUT_MS = 5_000;
const TAKE_ATTEMPTS = 5;
let nextAtMs = 0;

export async function exchangeWithCentre(context: Context): Promise<void> {
  const config = configSchema.safeParse(context.config);
  if (!config.success || context.now() < nextAtMs) return;
  const { url, level, everySeconds } = config.data.centre;
  nextAtMs = context.now() + everySeconds * 1000;
  // A list that cannot be taken does not keep the uses from going up.
  for (const work of [() => pullBlacklist(context, url, level), () => pushUses(context, url)]) {
    try {
      await work();
    } catch (error) {
      if (context.signal.aborted) return;
      context.log.warn({ reason: (error as Error).message }, 'the exchange with the centre failed');
    }
  }
}

/**
 * A delta as far as it makes sense: items that cannot be read are left out, of a card that is named
 * several times the last word counts, and a card both added and removed is listed, because nobody can
 * say which came first.
 */
export function readDelta(sent: unknown): { delta: BlacklistDelta; leftOut: number } {
  const { added, removed, ...versions } = deltaSchema.parse(sent);
  const add = new Map<string, BlacklistDelta['added'][number]>();
  const remove = new Set<string>();
  let leftOut = 0;
  for (const item of added) {
    const { data } = listed.safeParse(item);
    if (data === undefined) leftOut++;
    else add.set(data.cardNumber, data);
  }
  for (const item of removed) {
    const { data } = cardNumber.safeParse(item);
    if (data === undefined) leftOut++;
    else if (!add.has(data)) remove.add(data);
  }
  return { delta: { ...versions, added: [...add.values()], removed: [...remove] }, leftOut };
}

async function pullBlacklist(context: Context, url: string, level: BlacklistDelta['level']) {
  const version = context.queries.blacklistVersion(level);
  const response = await fetch(`${url}/blacklist?level=${level}&from=${version}`, {
    signal: AbortSignal.any([context.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
  });
  if (!response.ok) throw new Error(`the centre answered ${response.status}`);
  const { delta, leftOut } = readDelta(await response.json());
  if (leftOut > 0) context.log.warn({ leftOut }, 'items of the black list cannot be read');
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
  const removed = delta.removed.filter((number) =>
    queries.blacklisted(number).every(({ level }) => level === delta.level),
  );
  const key = `blacklist:${delta.level}:${delta.to}`;
  for (let attempt = 1; ; attempt++) {
    const { status } = await ledger.submit({
      id: idOf(MODULE, key),
      institution: '',
      fact: factOf('blacklist.changed', key, delta),
      registry: [
        ...delta.added.flatMap((item) => statusChange(reader, item.cardNumber, 'blacklisted')),
        ...removed.flatMap((number) => statusChange(reader, number, 'active')),
      ],
    });
    if (status === 'applied' || status === 'exists') return;
    // A card changed meanwhile: its setting is looked at again.
    if (status !== 'registry_conflict' || attempt === TAKE_ATTEMPTS)
      throw new Error(`black list: ${status}`);
  }
}

function statusChange(reader: Reader, number: string, status: 'blacklisted' | 'active') {
  const setting = settingOf(reader, number);
  if (setting === null || setting.status === 'cancelled' || setting.status === status) return [];
  return [settingChange(reader, number, (was) => ({ ...was!, status }))];
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
