/** What became of the commands of one request: their keys begin alike. */
import type { EmpiQueries } from './queries.ts';
import type { Outcome } from './types.ts';

export function outcomesUnder(
  { view }: EmpiQueries,
  prefix: string,
): { key: string; outcome: Outcome }[] {
  const rows = view.table('outcomes').range({ prefix });
  return [...rows].map(({ key, value }) => ({ key, outcome: value }));
}
