/** The view of clearing: which days were cleared, in which versions, and what became of the pay-outs. */
import { join } from 'node:path';
import { idOf } from '../../ledger/id.ts';
import type { ActContext, Module, TableSource } from '../frame/module.ts';
import { type DropSettings, deliver } from './drop.ts';
import { institutionFolder } from './folder.ts';
import type { Manifest } from './manifest.ts';
import { CLEARING, factEntry, type PayOut } from './postings.ts';
import type { Unexplained } from './suspense.ts';

export interface ClearedDay {
  institution: string;
  date: string;
  payOuts: (PayOut & { outcome: 'paid' | 'returned' | null })[];
  /** What the first clearing could not explain; what became of it is in the registry. */
  unexplained: Unexplained[];
  /** Oldest first. */
  versions: Manifest[];
  /** The newest version that was put where it is picked up; 0: none. */
  deliveredVersion: number;
}

/** The section `clearing` of the configuration, and where the files lie. */
export interface ClearingConfig {
  directory: string;
  drop: DropSettings | undefined;
}

export interface ClearingQueries {
  day(institution: string, date: string): ClearedDay | undefined;
  /** Newest first, before a date. */
  days(institution: string, before: string | null, limit: number): ClearedDay[];
  /** Days whose newest version was not delivered. */
  undelivered(): ClearedDay[];
}

export const clearing: Module<ClearingQueries> = {
  name: CLEARING,
  version: 2,

  apply({ entry, status }, tables) {
    const fact = entry.fact?.module;
    if (fact?.module !== CLEARING || status !== 'applied') return;
    const days = tables.table<ClearedDay>('days');
    const [institution = '', date = '', merchantId] = (fact.key ?? '').split('/');
    const key = `${institution}/${date}`;
    const day = days.get(key) ?? emptyDay(institution, date);
    const content = JSON.parse(Buffer.from(fact.payload ?? []).toString('utf8'));
    if (fact.kind === 'paid-out') {
      day.payOuts = (content as PayOut[]).map((payOut) => ({ ...payOut, outcome: null }));
    } else if (fact.kind === 'unexplained') {
      day.unexplained = content as Unexplained[];
    } else if (fact.kind === 'released') {
      day.versions = [...day.versions, content as Manifest];
    } else if (fact.kind === 'paid' || fact.kind === 'returned') {
      const outcome = fact.kind;
      day.payOuts = day.payOuts.map((payOut) =>
        payOut.merchantId === merchantId ? { ...payOut, outcome } : payOut,
      );
    }
    if (fact.kind === 'delivered') day.deliveredVersion = (content as Manifest).version;
    days.put(key, day);
    const undelivered = tables.table<number>('undelivered');
    const newest = day.versions.at(-1)?.version ?? 0;
    if (newest > day.deliveredVersion) undelivered.put(key, newest);
    else undelivered.remove(key);
  },

  queries: (tables: TableSource): ClearingQueries => ({
    day: (institution, date) => tables.table<ClearedDay>('days').get(`${institution}/${date}`),
    days(institution, before, limit) {
      const prefix = `${institution}/`;
      const to = before === null ? {} : { to: prefix + before };
      const rows = tables.table<ClearedDay>('days').range({ prefix, reverse: true, limit, ...to });
      return [...rows].map(({ value }) => value);
    },
    undelivered: () =>
      [...tables.table<number>('undelivered').range()].map(
        ({ key }) => tables.table<ClearedDay>('days').get(key)!,
      ),
  }),

  async act(context) {
    const { directory, drop } = (context.config ?? {}) as Partial<ClearingConfig>;
    if (drop === undefined || directory === undefined) return;
    for (const day of context.queries.undelivered()) {
      if (context.signal.aborted) return;
      await deliverDay(day, directory, drop, context);
    }
  },
};

function emptyDay(institution: string, date: string): ClearedDay {
  return { institution, date, payOuts: [], unexplained: [], versions: [], deliveredVersion: 0 };
}

/** When a day that could not be delivered is tried again. In memory: a restart tries at once. */
const nextTries = new Map<string, { atMs: number; waitMs: number }>();
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 3_600_000;

/** A server that is away is no fault of the module: it is said, and tried again later. */
async function deliverDay(
  { institution, date, versions }: ClearedDay,
  directory: string,
  drop: DropSettings,
  { ledger, reader, log, now }: ActContext<ClearingQueries>,
): Promise<void> {
  const manifest = versions.at(-1)!;
  const key = `${institution}/${date}`;
  const tried = nextTries.get(key);
  if (tried !== undefined && now() < tried.atMs) return;
  try {
    const folder = join(institutionFolder(directory, institution, reader.registry), date);
    await deliver(folder, manifest, drop);
  } catch (error) {
    const waitMs = Math.min((tried?.waitMs ?? FIRST_WAIT_MS / 2) * 2, LONGEST_WAIT_MS);
    nextTries.set(key, { atMs: now() + waitMs, waitMs });
    log.warn({ institution, date, waitMs, err: error }, 'clearing files cannot be delivered yet');
    return;
  }
  nextTries.delete(key);
  const { version } = manifest;
  const id = idOf('clearing-delivered', institution, date, String(version));
  await ledger.submit(factEntry(id, { institution, date }, 'delivered', { version }));
  log.info({ institution, date, version }, 'clearing files delivered');
}
