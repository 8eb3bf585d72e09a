/**
 * Numbers: received from the fiscal side, distributed down the tree of issuing points, given back,
 * voided, used. Every rule is checked here, in the order of the journal, so that no number is ever
 * in two places.
 */
import type { FactPayloads } from '../facts.ts';
import {
  emptyHolding,
  type Holding,
  holdingKey,
  type Medium,
  type Movement,
  move,
  NO_MOVEMENTS,
  UNIT_HOLDER,
} from '../stock/holding.ts';
import { countOf, holds, lowest, overlaps, type Range, withRange } from '../stock/ranges.ts';
import type { OutcomeRow, StockEvent } from '../tables.ts';
import { type Change, done, refused } from './change.ts';

type Place = Pick<Holding, 'medium' | 'billCode' | 'holder'>;

/** Numbers that a bill's face has room for. */
const NUMBER_MAX = 9_999_999_999;

export function holdingOf(change: Change, place: Place): Holding {
  const named = { institution: change.institution, ...place };
  return change.tables.table('holdings').get(holdingKey(named)) ?? emptyHolding(named);
}

/** Moves numbers in or out of a holding and counts it for the day. */
export function moveNumbers(
  change: Change,
  place: Place,
  movement: Movement,
  ranges: readonly Range[],
): void {
  const holding = move(holdingOf(change, place), movement, ranges);
  const key = holdingKey(holding);
  change.tables.table('holdings').put(key, holding);
  const days = change.tables.table('holding-days');
  const dayKey = `${key}|${change.record.businessDate}`;
  const day = days.get(dayKey) ?? NO_MOVEMENTS;
  days.put(dayKey, { ...day, [movement]: day[movement] + countOf(ranges) });
}

export function recordEvent(
  change: Change,
  event: Omit<StockEvent, 'institution' | 'businessDate' | 'timestampUs'>,
): void {
  change.tables.table('stock-events').put(change.nextId(), {
    ...event,
    institution: change.institution,
    businessDate: change.record.businessDate,
    timestampUs: change.nowUs,
  });
}

function rangeProblem(from: number, to: number): OutcomeRow | null {
  const whole = Number.isSafeInteger(from) && Number.isSafeInteger(to);
  if (whole && from >= 0 && from <= to && to <= NUMBER_MAX) return null;
  return refused('bad-range', `${from} to ${to} is no range of numbers`);
}

/** Numbers that never existed here before are now the unit's. */
export function applyNumbersReceived(
  change: Change,
  payload: FactPayloads['numbers-received'],
): OutcomeRow {
  const { medium, billCode, from, to, source, reference, who } = payload;
  const problem = rangeProblem(from, to);
  if (problem !== null) return problem;
  if (!makeKnown(change, medium, billCode, [from, to])) {
    return refused('numbers-known', `some of ${billCode} ${from} to ${to} were received before`);
  }
  const place = { medium, billCode, holder: UNIT_HOLDER };
  moveNumbers(change, place, 'received', [[from, to]]);
  const reason = reference;
  const who_ = { source, reason, who };
  recordEvent(change, { ...place, otherHolder: '', what: 'received', from, to, ...who_ });
  return done();
}

export function applyNumbersWanted(
  change: Change,
  { billCode, count, who }: FactPayloads['numbers-wanted'],
): OutcomeRow {
  const id = change.nextId();
  const { institution, nowUs: wantedUs } = change;
  const wanted = { id, institution, billCode, count, who, wantedUs };
  change.tables.table('stock-applications').put(id, { ...wanted, state: 'open', askedUs: 0 });
  change.tables.table('stock-applications-open').put(id, '');
  return done();
}

export function applyNumbersAsked(
  change: Change,
  { application }: FactPayloads['numbers-asked'],
): OutcomeRow {
  const applications = change.tables.table('stock-applications');
  const row = applications.get(application);
  if (row === undefined) return refused('no-application', `${application} was never made`);
  applications.put(application, { ...row, state: 'asked', askedUs: change.nowUs });
  change.tables.table('stock-applications-open').remove(application);
  return done();
}

/** False when one of the numbers was known already, to any institution. */
export function makeKnown(change: Change, medium: Medium, billCode: string, range: Range): boolean {
  const known = change.tables.table('numbers-known');
  const key = `${medium}|${billCode}`;
  const ranges = known.get(key) ?? [];
  if (overlaps(ranges, range)) return false;
  known.put(key, withRange(ranges, range));
  return true;
}

export function applyNumbersDistributed(
  change: Change,
  payload: FactPayloads['numbers-distributed'],
): OutcomeRow {
  const { medium, billCode, fromHolder, toHolder, from, count, who } = payload;
  const target = change.managed('point', toHolder);
  if (target === null) return refused('unknown-point', `there is no issuing point ${toHolder}`);
  if (target.parent !== fromHolder) {
    return refused(
      'not-below',
      `${toHolder} does not lie directly below ${fromHolder || 'the unit'}`,
    );
  }
  const source = { medium, billCode, holder: fromHolder };
  const { free } = holdingOf(change, source);
  let ranges: Range[] | null;
  if (from === undefined) ranges = lowest(free, count);
  else ranges = holds(free, [from, from + count - 1]) ? [[from, from + count - 1]] : null;
  if (ranges === null || count < 1) {
    return refused('stock-too-low', `${fromHolder || 'the unit'} has not these ${count} numbers`);
  }
  distribute(change, source, toHolder, ranges, who);
  return done();
}

function distribute(
  change: Change,
  source: Place,
  toHolder: string,
  ranges: readonly Range[],
  who: string,
): void {
  moveNumbers(change, source, 'distributed', ranges);
  moveNumbers(change, { ...source, holder: toHolder }, 'received', ranges);
  change.markUsed('point', toHolder);
  for (const [from, to] of ranges) {
    const names = { ...source, otherHolder: toHolder, what: 'distributed' as const };
    recordEvent(change, { ...names, from, to, source: '', reason: '', who });
  }
}

export function applyNumbersReturned(
  change: Change,
  payload: FactPayloads['numbers-returned'],
): OutcomeRow {
  const { medium, billCode, holder, from, to, who } = payload;
  const problem = rangeProblem(from, to) ?? freeProblem(change, payload);
  if (problem !== null) return problem;
  const point = change.managed('point', holder);
  if (point === null) return refused('unknown-point', `there is no issuing point ${holder}`);
  const place = { medium, billCode, holder };
  moveNumbers(change, place, 'returnedOut', [[from, to]]);
  moveNumbers(change, { ...place, holder: point.parent }, 'returnedIn', [[from, to]]);
  const names = { otherHolder: point.parent, what: 'returned' as const, source: '', reason: '' };
  recordEvent(change, { ...place, ...names, from, to, who });
  return done();
}

/** 空白票作废: numbers that were not used and never will be. */
export function applyNumbersVoided(
  change: Change,
  payload: FactPayloads['numbers-voided'],
): OutcomeRow {
  const { medium, billCode, holder, from, to, reason, who } = payload;
  const problem = rangeProblem(from, to) ?? freeProblem(change, payload);
  if (problem !== null) return problem;
  voidNumbers(change, { medium, billCode, holder }, [from, to], reason, who);
  return done();
}

function voidNumbers(
  change: Change,
  place: Place,
  [from, to]: Range,
  reason: string,
  who: string,
): void {
  moveNumbers(change, place, 'void', [[from, to]]);
  const names = { otherHolder: '', what: 'void' as const, source: '' };
  recordEvent(change, { ...place, ...names, from, to, reason, who });
}

function freeProblem(
  change: Change,
  payload: Place & { from: number; to: number },
): OutcomeRow | null {
  const { holder, from, to } = payload;
  if (holds(holdingOf(change, payload).free, [from, to])) return null;
  const name = holder || 'the unit';
  return refused('numbers-not-free', `${name} does not hold all of ${from} to ${to}`);
}

/** The year digits of bill codes have changed: what is left of the old codes is void, on record. */
export function applyYearClosed(change: Change, payload: FactPayloads['year-closed']): OutcomeRow {
  const { year, who } = payload;
  const { date } = change.wallClock();
  if (Number(year) >= Number(date.slice(2, 4))) {
    return refused('year-not-over', `20${year} is not over`);
  }
  const holdings = [...change.tables.table('holdings').range({ prefix: `${change.institution}|` })];
  for (const { value } of holdings) {
    if (value.medium !== 'electronic' || value.billCode.slice(6, 8) !== year) continue;
    for (const range of value.free) voidNumbers(change, value, range, 'year-closed', who);
  }
  return done();
}

/**
 * Takes the next electronic number of a code at a point. An empty point is filled from above when
 * its settings say so. Null when there is none.
 */
export function takeNumber(
  change: Change,
  billCode: string,
  pointCode: string,
  movement: 'issued' | 'red',
): number | null {
  const place: Place = { medium: 'electronic', billCode, holder: pointCode };
  if (!fill(change, place, 0)) return null;
  const [first] = holdingOf(change, place).free;
  if (first === undefined) return null;
  moveNumbers(change, place, movement, [[first[0], first[0]]]);
  return first[0];
}

/** True when the holder has a number, if need be after fetching some from above. */
function fill(change: Change, place: Place, depth: number): boolean {
  if (holdingOf(change, place).free.length > 0) return true;
  const point = change.managed('point', place.holder);
  if (point === null || point.autoDistribute === 0 || depth > 20) return false;
  const above = { ...place, holder: point.parent };
  if (!fill(change, above, depth + 1)) return false;
  const { free } = holdingOf(change, above);
  const ranges = lowest(free, Math.min(point.autoDistribute, countOf(free)));
  distribute(change, above, place.holder, ranges ?? [], 'auto');
  return true;
}

/** Takes one number of paper out of the point's stock; false when the point does not hold it. */
export function takePaper(
  change: Change,
  paperCode: string,
  paperNumber: number,
  pointCode: string,
): boolean {
  const place: Place = { medium: 'paper', billCode: paperCode, holder: pointCode };
  const range: Range = [paperNumber, paperNumber];
  if (!holds(holdingOf(change, place).free, range)) return false;
  moveNumbers(change, place, 'issued', [range]);
  return true;
}

/** A number that the fiscal side gave for one bill: received and used at once. */
export function takeGivenNumber(
  change: Change,
  billCode: string,
  number: number,
  pointCode: string,
  movement: 'issued' | 'red',
): boolean {
  if (!makeKnown(change, 'electronic', billCode, [number, number])) return false;
  const place: Place = { medium: 'electronic', billCode, holder: pointCode };
  moveNumbers(change, place, 'received', [[number, number]]);
  moveNumbers(change, place, movement, [[number, number]]);
  return true;
}
