/** The view of who did what: every call of the API that changed something, by institution. */
import { positionKey, positionOf } from '../frame/keys.ts';
import type { Module, TableSource } from '../frame/module.ts';

export interface AuditQueries {
  /** Positions of the records of calls, newest first, before a position. */
  calls(institution: string, before: number | null, limit: number): number[];
}

export const audit: Module<AuditQueries> = {
  name: 'audit',
  version: 1,

  apply({ entry, position }, tables) {
    const fact = entry.fact?.module;
    if (fact?.module !== 'api' || fact.kind !== 'call') return;
    tables.table<number>('calls').put(`${entry.institution}/${positionKey(position)}`, 1);
  },

  queries: (tables: TableSource): AuditQueries => ({
    calls(institution, before, limit) {
      const prefix = `${institution}/`;
      const to = before === null ? {} : { to: prefix + positionKey(before) };
      const rows = tables.table<number>('calls').range({ prefix, reverse: true, limit, ...to });
      return [...rows].map(({ key }) => positionOf(key));
    },
  }),
};
