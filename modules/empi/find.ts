/**
 * Looking many persons up: ways lead to candidates, and a test says who of them fits. No more than a
 * bounded number is looked at, some at a time, so that other callers are not kept waiting.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EmpiQueries } from './queries.ts';
import type { SearchKey } from './search.ts';
import type { Person } from './types.ts';
import type { View } from './view.ts';

/** One way to candidates: rows of the index that lead to persons. */
export type Way =
  | { by: 'person'; personId: string }
  | { by: 'number'; domain: string; number: string }
  | { by: 'domain'; domain: string }
  /** From the start of the value unless `isWhole`. */
  | { by: 'value'; key: SearchKey; isWhole: boolean }
  /** YYYYMMDD, both included; also persons of whom only the month or the year is known. */
  | { by: 'born'; from: string; to: string }
  | { by: 'all' };

export interface Found {
  /** In their order: whoever is registered later stands behind. */
  personIds: string[];
  /** False when there was more to look at. */
  isComplete: boolean;
}

/** Persons that one search looks at. */
export const LOOKED_AT = 20_000;
const AT_ONCE = 100;
/** An encrypted store is asked day by day, for so many days. */
const DAYS_ONE_BY_ONE = 366;

/** Persons that the ways lead to and that fit; those that were merged into others are left out. */
export async function findPersons(
  { view }: EmpiQueries,
  ways: readonly Way[],
  fits: (person: Person) => boolean,
): Promise<Found> {
  const seen = new Set<string>();
  const found: string[] = [];
  for (const way of ways.flatMap((one) => storedWays(view, one))) {
    let from: string | undefined = '';
    while (from !== undefined) {
      const part = rowsOf(view, way, from);
      for (const personId of part.personIds) {
        if (seen.has(personId)) continue;
        if (seen.size === LOOKED_AT) return { personIds: found.sort(), isComplete: false };
        seen.add(personId);
        const person = view.person(personId);
        if (person !== undefined && person.status !== 'merged' && fits(person)) {
          found.push(personId);
        }
      }
      from = part.next;
      if (from !== undefined) await nextTurn();
    }
  }
  return { personIds: found.sort(), isComplete: true };
}

/** Birth dates as the store has them: sorted, or, in an encrypted one, each under a name of its own. */
function storedWays(view: View, way: Way): Way[] {
  if (way.by !== 'born') return [way];
  const whole = (value: string): Way => ({
    by: 'value',
    key: { kind: 'born', value },
    isWhole: true,
  });
  const partial = [way.from, way.to].flatMap((day) => [day.slice(0, 4), day.slice(0, 6)]);
  const ends = [...new Set(partial)].map(whole);
  if (isSorted(view)) return [way, ...ends];
  const days = daysOf(way);
  if (days === null) return [{ by: 'all' }];
  const months = [...new Set(days.flatMap((day) => [day.slice(0, 4), day.slice(0, 6)]))];
  return [...days, ...months].map(whole);
}

function isSorted({ source }: View): boolean {
  return source.nameOf('19700101') === '19700101';
}

/** Null when they are too many to be asked for one by one. */
function daysOf({ from, to }: { from: string; to: string }): string[] | null {
  const time = (day: string) =>
    Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6)));
  const dayMs = 86_400_000;
  const count = (time(to) - time(from)) / dayMs + 1;
  if (!(count <= DAYS_ONE_BY_ONE)) return null;
  return Array.from({ length: Math.max(0, count) }, (_, at) =>
    new Date(time(from) + at * dayMs).toISOString().slice(0, 10).replaceAll('-', ''),
  );
}

interface Part {
  personIds: string[];
  /** Where the rest starts; undefined behind the last row. */
  next: string | undefined;
}

function rowsOf(view: View, way: Way, from: string): Part {
  switch (way.by) {
    case 'person':
      return { personIds: [way.personId], next: undefined };
    case 'number': {
      const medium = view.medium(way.domain, way.number);
      return { personIds: medium === undefined ? [] : [medium.personId], next: undefined };
    }
    case 'domain': {
      const rows = [
        ...view.table('numbers').range({ prefix: `${way.domain}:`, from, limit: AT_ONCE + 1 }),
      ];
      return part(rows, ({ value }) => view.table('media').get(value)!.personId);
    }
    case 'value': {
      const { kind, value } = way.key;
      if (value === '') return { personIds: [], next: undefined };
      const name = view.source.nameOf(value);
      const isWhole = way.isWhole || name !== value;
      return searchRows(view, { prefix: `${kind}:${name}${isWhole ? ':' : ''}`, from });
    }
    case 'born':
      // A semicolon sorts behind the colon at the end of a value.
      return searchRows(view, {
        from: from === '' ? `born:${way.from}` : from,
        to: `born:${way.to};`,
      });
    case 'all':
      return part([...view.table('persons').range({ from, limit: AT_ONCE + 1 })], ({ key }) => key);
  }
}

function searchRows(view: View, range: { prefix?: string; from: string; to?: string }): Part {
  const rows = [...view.table('search').range({ ...range, limit: AT_ONCE + 1 })];
  return part(rows, ({ key }) => key.slice(key.lastIndexOf(':') + 1));
}

function part<Value>(
  rows: { key: string; value: Value }[],
  personIdOf: (row: { key: string; value: Value }) => string,
): Part {
  return { personIds: rows.slice(0, AT_ONCE).map(personIdOf), next: rows[AT_ONCE]?.key };
}
