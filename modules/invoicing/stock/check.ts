/**
 * The equation of numbers, for every holder and for every number: what came in is used, void or left;
 * each number that was ever received is in exactly one place, and what is a bill is recorded as one.
 */
import type { InvoicingQueries } from '../queries.ts';
import { balanceOf, type Medium } from './holding.ts';
import { countOf, type Range } from './ranges.ts';

export interface StockProblem {
  where: string;
  problem: string;
}

/** Sentences about numbers that are not where they should be; none when all is well. */
export function checkStock(
  queries: InvoicingQueries,
  institutions: readonly string[],
): StockProblem[] {
  const problems: StockProblem[] = [];
  const places = new Map<string, Range[]>();
  const put = (medium: Medium, code: string, ranges: readonly Range[]) => {
    const key = `${medium}|${code}`;
    const there = places.get(key);
    if (there === undefined) places.set(key, [...ranges]);
    else there.push(...ranges);
  };
  for (const institution of institutions) {
    for (const holding of queries.holdings(institution)) {
      const where = `${institution} ${holding.medium} ${holding.billCode} ${holding.holder || 'unit'}`;
      const left = countOf(holding.free);
      if (balanceOf(holding.moved) !== left) {
        problems.push({
          where,
          problem: `the movements leave ${balanceOf(holding.moved)}, ${left} are free`,
        });
      }
      put(holding.medium, holding.billCode, holding.free);
    }
    for (const { value } of queries.stockEvents(institution)) {
      if (value.what === 'void') put(value.medium, value.billCode, [[value.from, value.to]]);
    }
    for (const { bill } of queries.billsOfDays(institution, { from: '00000000', to: '99999999' })) {
      const number = Number(bill.billNumber);
      put('electronic', bill.billCode, [[number, number]]);
    }
  }
  for (const { value } of queries.papers()) {
    const number = Number(value.paperNumber);
    put('paper', value.paperCode, [[number, number]]);
  }
  for (const { key, value } of queries.knownNumbers()) {
    problems.push(...differences(key, value, places.get(key) ?? []));
    places.delete(key);
  }
  for (const key of places.keys()) {
    problems.push({ where: key, problem: 'numbers are used that never came' });
  }
  return problems;
}

/** Every number of `known` must be in `placed` once, and no other. */
function differences(where: string, known: readonly Range[], placed: Range[]): StockProblem[] {
  const problems: StockProblem[] = [];
  const sorted = [...placed].sort((a, b) => a[0] - b[0]);
  const wanted = [...known].sort((a, b) => a[0] - b[0]);
  let at = 0;
  for (const [from, to] of wanted) {
    let next = from;
    for (; at < sorted.length && sorted[at]![0] <= to; at++) {
      const [start, end] = sorted[at]!;
      if (start > next) problems.push({ where, problem: `${next} to ${start - 1} have no record` });
      if (start < next) problems.push({ where, problem: `${start} is in two places` });
      next = Math.max(next, end + 1);
    }
    if (next <= to) problems.push({ where, problem: `${next} to ${to} have no record` });
    if (next > to + 1) problems.push({ where, problem: `numbers behind ${to} never came` });
  }
  if (at < sorted.length) problems.push({ where, problem: `${sorted[at]![0]} never came` });
  return problems;
}
