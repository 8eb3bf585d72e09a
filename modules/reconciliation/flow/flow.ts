/** A flow: which bill is compared with what, where it lies and when. Data of the configuration. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Cron } from 'croner';
import type { Reader } from '../../../ledger/reader.ts';

/** The section `reconciliation` of the configuration. */
export interface ReconciliationConfig {
  flows: readonly (Omit<Flow, 'institution'> & { institution?: string | undefined })[];
}

export interface Flow {
  name: string;
  /** L1 business, L2 terminals, L3 channel, L4 funds, L5 insurance, L6 documents. */
  layer: string;
  /** A known source, or a YAML file that describes one. */
  source: string;
  institution: string;
  /** Where bills arrive. */
  folder: string;
  /** `{date}` is YYYYMMDD, `{day}` YYYY-MM-DD, `*` anything. */
  fileName: string;
  /** Our side: the journal, the settlements of clearing, or a file of common records. */
  ours: 'journal' | 'settlements' | { folder: string; fileName: string };
  channel?: string | undefined;
  /** Whose transactions and settlements the bill is about; all when left out. */
  merchant?: string | undefined;
  /** Cron times in the institution's time zone, several a day. */
  at: readonly string[];
  /** The bill of a time is the one of so many days before. */
  daysBack: number;
  bufferDays: number;
  proposesRefunds: boolean;
}

/** The flows, each with its institution; those of an institution that there is not are left out. */
export function flowsOf(config: ReconciliationConfig | undefined, { registry }: Reader): Flow[] {
  const known = [...registry.list('institution')].map(({ key }) => key);
  return (config?.flows ?? []).flatMap((flow) => {
    const institution = flow.institution ?? (known.length === 1 ? known[0]! : '');
    return known.includes(institution) ? [{ ...flow, institution }] : [];
  });
}

export interface Slot {
  /** `2026-11-21T10:00`: the scheduled time on the institution's wall. */
  name: string;
  /** YYYYMMDD of the bill. */
  date: string;
}

/** A time that was missed for longer is not made up for: the operator asks for the run. */
const CATCH_UP_MS = 36 * 3_600_000;

/** The last scheduled time of each of the flow's crons that has passed. */
export function dueSlots(flow: Flow, timeZone: string, nowMs: number): Slot[] {
  const slots = new Map<string, Slot>();
  for (const pattern of flow.at) {
    const cron = new Cron(pattern, { timezone: timeZone, paused: true });
    // A time that is now has come.
    const [last] = cron.previousRuns(1, new Date(nowMs + 1_000));
    cron.stop();
    if (last === undefined || last.getTime() > nowMs || nowMs - last.getTime() > CATCH_UP_MS)
      continue;
    const wall = wallTime(last, timeZone);
    slots.set(wall, { name: wall, date: dateBefore(wall, flow.daysBack) });
  }
  return [...slots.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function wallTime(instant: Date, timeZone: string): string {
  const options = { timeZone, hourCycle: 'h23', dateStyle: 'short', timeStyle: 'short' } as const;
  return new Intl.DateTimeFormat('sv-SE', options).format(instant).replace(' ', 'T');
}

function dateBefore(wall: string, days: number): string {
  const midnight = Date.parse(`${wall.slice(0, 10)}T00:00:00Z`);
  return new Date(midnight - days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
}

/** The file of a date: the last by name when several fit. Null when there is none. */
export function fileOf(folder: string, fileName: string, date: string): string | null {
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  const pattern = fileName.replaceAll('{date}', date).replaceAll('{day}', day);
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  const wanted = new RegExp(`^${escaped}$`, 'i');
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return null;
  }
  const found = names.filter((name) => wanted.test(name)).sort();
  const last = found.at(-1);
  return last === undefined ? null : join(folder, last);
}
