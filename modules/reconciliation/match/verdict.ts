/**
 * What two records that belong together say about each other: status before amount before fee. And
 * which records of one key belong together when there are several.
 */
import type { DifferenceCode } from '../record.ts';
import { FEE_UNKNOWN, type RecordView, STATUS, TYPE } from './records.ts';

export interface Side {
  readonly view: RecordView;
  readonly words: Int32Array;
}

/** `agreed`: both know of it and neither has money in it. */
export type Verdict = 'MATCHED' | 'agreed' | DifferenceCode;

/** Compares two records of one key. `fees` is false when the file says nothing about fees. */
export function verdictOf(
  ours: Side,
  oursAt: number,
  theirs: Side,
  theirsAt: number,
  fees: boolean,
): Verdict {
  const weHave = ours.view.status(ours.words, oursAt) === STATUS.success;
  const theyHave = theirs.view.status(theirs.words, theirsAt) === STATUS.success;
  if (weHave !== theyHave) return weHave ? 'STATUS_REV' : 'STATUS';
  if (!weHave) return 'agreed';
  const oursFen = ours.view.amountFen(ours.words, oursAt);
  const theirsFen = theirs.view.amountFen(theirs.words, theirsAt);
  if (oursFen !== theirsFen) return oursFen > theirsFen ? 'AMT_HIGH' : 'AMT_LOW';
  const oursFee = ours.view.feeFen(ours.words, oursAt);
  const theirsFee = theirs.view.feeFen(theirs.words, theirsAt);
  const known = fees && oursFee !== FEE_UNKNOWN && theirsFee !== FEE_UNKNOWN;
  return known && oursFee !== theirsFee ? 'FEE' : 'MATCHED';
}

/** A record that the other side does not have; null when no money is in it. */
export function lonelyVerdict(
  side: 'ours' | 'theirs',
  { view, words }: Side,
  at: number,
): DifferenceCode | null {
  const status = view.status(words, at);
  const isRefund = view.type(words, at) === TYPE.refund;
  if (side === 'theirs') return status === STATUS.success ? 'CH_ONLY' : null;
  if (isRefund) return status === STATUS.failed ? null : 'REFUND_PENDING';
  return status === STATUS.success ? 'OUR_ONLY' : null;
}

/** Groups larger than this (one order number on thousands of lines) are paired in sorted order. */
const COMPARED_ONE_BY_ONE = 64;

/**
 * Pairs the records of one key so that as much as possible is equal, whatever order they came in.
 * Calls `pair` for each pair; what is left of a side goes to `extra`.
 */
export function pairUp(
  ours: Side,
  oursPlaces: readonly number[],
  theirs: Side,
  theirsPlaces: readonly number[],
  pair: (oursAt: number, theirsAt: number) => void,
  extra: (side: 'ours' | 'theirs', at: number) => void,
): void {
  const ourRest = sorted(ours, oursPlaces);
  const theirRest = sorted(theirs, theirsPlaces);
  if (ourRest.length * theirRest.length <= COMPARED_ONE_BY_ONE) {
    pairBest(ours, ourRest, theirs, theirRest, pair);
  } else {
    pairSorted(ours, ourRest, theirs, theirRest, pair);
  }
  for (const at of ourRest) extra('ours', at);
  for (const at of theirRest) extra('theirs', at);
}

/** Money first, then by amount, fee and keys: the same order for the same records. */
function sorted({ view, words }: Side, places: readonly number[]): number[] {
  return [...places].sort(
    (a, b) =>
      view.status(words, a) - view.status(words, b) ||
      view.amountFen(words, a) - view.amountFen(words, b) ||
      view.feeFen(words, a) - view.feeFen(words, b) ||
      compareKeys(words, a, b, view.keys * 3),
  );
}

function compareKeys(words: Int32Array, a: number, b: number, length: number): number {
  for (let at = 0; at < length; at++) {
    const difference = words[a + at]! - words[b + at]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function pairBest(
  ours: Side,
  ourRest: number[],
  theirs: Side,
  theirRest: number[],
  pair: (oursAt: number, theirsAt: number) => void,
): void {
  while (ourRest.length > 0 && theirRest.length > 0) {
    let best = -1;
    let ourBest = 0;
    let theirBest = 0;
    for (let our = 0; our < ourRest.length; our++) {
      for (let their = 0; their < theirRest.length; their++) {
        const score = likeness(ours, ourRest[our]!, theirs, theirRest[their]!);
        if (score <= best) continue;
        best = score;
        ourBest = our;
        theirBest = their;
      }
    }
    pair(ourRest[ourBest]!, theirRest[theirBest]!);
    ourRest.splice(ourBest, 1);
    theirRest.splice(theirBest, 1);
  }
}

function likeness(ours: Side, oursAt: number, theirs: Side, theirsAt: number): number {
  const weHave = ours.view.status(ours.words, oursAt) === STATUS.success;
  const theyHave = theirs.view.status(theirs.words, theirsAt) === STATUS.success;
  const sameAmount =
    ours.view.amountFen(ours.words, oursAt) === theirs.view.amountFen(theirs.words, theirsAt);
  const sameFee =
    ours.view.feeFen(ours.words, oursAt) === theirs.view.feeFen(theirs.words, theirsAt);
  return (
    (weHave && theyHave ? 8 : 0) +
    (weHave === theyHave ? 4 : 0) +
    (sameAmount ? 2 : 0) +
    (sameFee ? 1 : 0)
  );
}

function pairSorted(
  ours: Side,
  ourRest: number[],
  theirs: Side,
  theirRest: number[],
  pair: (oursAt: number, theirsAt: number) => void,
): void {
  const ourLeft: number[] = [];
  const theirLeft: number[] = [];
  let our = 0;
  let their = 0;
  while (our < ourRest.length && their < theirRest.length) {
    const order = compareAcross(ours, ourRest[our]!, theirs, theirRest[their]!);
    if (order === 0) pair(ourRest[our++]!, theirRest[their++]!);
    else if (order < 0) ourLeft.push(ourRest[our++]!);
    else theirLeft.push(theirRest[their++]!);
  }
  ourLeft.push(...ourRest.slice(our));
  theirLeft.push(...theirRest.slice(their));
  const both = Math.min(ourLeft.length, theirLeft.length);
  for (let at = 0; at < both; at++) pair(ourLeft[at]!, theirLeft[at]!);
  ourRest.splice(0, ourRest.length, ...ourLeft.slice(both));
  theirRest.splice(0, theirRest.length, ...theirLeft.slice(both));
}

function compareAcross(ours: Side, oursAt: number, theirs: Side, theirsAt: number): number {
  return (
    ours.view.status(ours.words, oursAt) - theirs.view.status(theirs.words, theirsAt) ||
    ours.view.amountFen(ours.words, oursAt) - theirs.view.amountFen(theirs.words, theirsAt)
  );
}
