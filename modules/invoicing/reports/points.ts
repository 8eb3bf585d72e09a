/** The tree of issuing points. */
import type { InvoicingQueries } from '../queries.ts';

/** The point and everything below it. */
export function pointsWithin(
  queries: InvoicingQueries,
  institution: string,
  top: string,
): Set<string> {
  const points = queries.managedList(institution, 'point');
  const within = new Set([top]);
  for (let grew = true; grew; ) {
    const before = within.size;
    for (const { key, value } of points) if (within.has(value.parent)) within.add(key);
    grew = within.size > before;
  }
  return within;
}
