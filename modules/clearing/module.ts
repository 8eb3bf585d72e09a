/** The view of clearing: which days were cleared, in which versions, and what became of the pay-outs. */
import type { Module, TableSource } from '../frame/module.ts';
import type { Manifest } from './manifest.ts';
import { CLEARING, type PayOut } from './postings.ts';

export interface ClearedDay {
  institution: string;
  date: string;
  payOuts: (PayOut & { outcome: 'paid' | 'returned' | null })[];
  /** Oldest first. */
  versions: Manifest[];
}

export interface ClearingQueries {
  day(institution: string, date: string): ClearedDay | undefined;
  /** Newest first, before a date. */
  days(institution: string, before: string | null, limit: number): ClearedDay[];
}

export const clearing: Module<ClearingQueries> = {
  name: CLEARING,
  version: 1,

  apply({ entry, status }, tables) {
    const fact = entry.fact?.module;
    if (fact?.module !== CLEARING || status !== 'applied') return;
    const days = tables.table<ClearedDay>('days');
    const [institution = '', date = '', merchantId] = (fact.key ?? '').split('/');
    const key = `${institution}/${date}`;
    const day = days.get(key) ?? { institution, date, payOuts: [], versions: [] };
    const content = JSON.parse(Buffer.from(fact.payload ?? []).toString('utf8'));
    if (fact.kind === 'paid-out') {
      day.payOuts = (content as PayOut[]).map((payOut) => ({ ...payOut, outcome: null }));
    } else if (fact.kind === 'released') {
      day.versions = [...day.versions, content as Manifest];
    } else if (fact.kind === 'paid' || fact.kind === 'returned') {
      const outcome = fact.kind;
      day.payOuts = day.payOuts.map((payOut) =>
        payOut.merchantId === merchantId ? { ...payOut, outcome } : payOut,
      );
    }
    days.put(key, day);
  },

  queries: (tables: TableSource): ClearingQueries => ({
    day: (institution, date) => tables.table<ClearedDay>('days').get(`${institution}/${date}`),
    days(institution, before, limit) {
      const prefix = `${institution}/`;
      const to = before === null ? {} : { to: prefix + before };
      const rows = tables.table<ClearedDay>('days').range({ prefix, reverse: true, limit, ...to });
      return [...rows].map(({ value }) => value);
    },
  }),
};
