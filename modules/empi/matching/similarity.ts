/** How alike two texts are. Texts are stretches of UTF-16 code units in one array: no strings are made. */

/** The code units of many texts, one behind the other. */
export type Units = Uint16Array;

const MAX_LENGTH = 255;
let before = new Uint16Array(MAX_LENGTH + 2);
let last = new Uint16Array(MAX_LENGTH + 2);
let row = new Uint16Array(MAX_LENGTH + 2);

/**
 * Optimal string alignment distance: the fewest insertions, deletions, substitutions and swaps of
 * neighbours. Answers limit + 1 when there are more than `limit`.
 */
export function editDistance(
  units: Units,
  startA: number,
  lengthA: number,
  startB: number,
  lengthB: number,
  limit: number,
): number {
  let a = startA;
  let b = startB;
  let m = lengthA;
  let n = lengthB;
  if (m - n > limit || n - m > limit) return limit + 1;
  while (m > 0 && n > 0 && units[a] === units[b]) {
    a++;
    b++;
    m--;
    n--;
  }
  while (m > 0 && n > 0 && units[a + m - 1] === units[b + n - 1]) {
    m--;
    n--;
  }
  if (m === 0 || n === 0) return m + n;
  if (limit === 1) return distanceOne(units, a, m, b, n);
  if (m > MAX_LENGTH || n > MAX_LENGTH) return limit + 1;
  return distanceInRows(units, a, m, b, n, limit);
}

/** After equal ends were cut off, a distance of one leaves one unit, or two that changed places. */
function distanceOne(units: Units, a: number, m: number, b: number, n: number): number {
  if (m === 1 && n === 1) return 1;
  const swap = m === 2 && n === 2 && units[a] === units[b + 1] && units[a + 1] === units[b];
  return swap ? 1 : 2;
}

function distanceInRows(
  units: Units,
  a: number,
  m: number,
  b: number,
  n: number,
  limit: number,
): number {
  // Cells further than `limit` from the diagonal cannot lie on a path of at most `limit` steps.
  const beyond = limit + 1;
  for (let j = 0; j <= n; j++) last[j] = j <= limit ? j : beyond;
  for (let i = 1; i <= m; i++) {
    const unit = units[a + i - 1]!;
    const from = Math.max(1, i - limit);
    const to = Math.min(n, i + limit);
    row[from - 1] = from === 1 && i <= limit ? i : beyond;
    let least = beyond;
    for (let j = from; j <= to; j++) {
      const other = units[b + j - 1]!;
      let cost = last[j - 1]! + (unit === other ? 0 : 1);
      if (last[j]! + 1 < cost) cost = last[j]! + 1;
      if (row[j - 1]! + 1 < cost) cost = row[j - 1]! + 1;
      if (i > 1 && j > 1 && unit === units[b + j - 2] && units[a + i - 2] === other) {
        if (before[j - 2]! + 1 < cost) cost = before[j - 2]! + 1;
      }
      row[j] = cost;
      if (cost < least) least = cost;
    }
    if (to < n) row[to + 1] = beyond;
    if (least > limit) return beyond;
    const spare = before;
    before = last;
    last = row;
    row = spare;
  }
  return Math.min(last[n]!, beyond);
}

/**
 * Jaro-Winkler similarity, 0 … 1, with the usual scale of 0.1 for up to four equal units in front.
 * For texts of up to 31 units; longer ones are cut.
 */
export function jaroWinkler(
  units: Units,
  a: number,
  lengthA: number,
  b: number,
  lengthB: number,
): number {
  const m = Math.min(lengthA, 31);
  const n = Math.min(lengthB, 31);
  if (m === 0 || n === 0) return 0;
  const reach = Math.max(0, (Math.max(m, n) >> 1) - 1);
  let usedA = 0;
  let usedB = 0;
  let common = 0;
  for (let i = 0; i < m; i++) {
    const unit = units[a + i];
    const end = Math.min(n, i + reach + 1);
    for (let j = Math.max(0, i - reach); j < end; j++) {
      if ((usedB >>> j) & 1 || units[b + j] !== unit) continue;
      usedA |= 1 << i;
      usedB |= 1 << j;
      common++;
      break;
    }
  }
  if (common === 0) return 0;
  let outOfOrder = 0;
  for (let i = 0, j = 0; i < m; i++) {
    if (((usedA >>> i) & 1) === 0) continue;
    while (((usedB >>> j) & 1) === 0) j++;
    if (units[a + i] !== units[b + j]) outOfOrder++;
    j++;
  }
  const jaro = (common / m + common / n + (common - outOfOrder / 2) / common) / 3;
  let prefix = 0;
  while (prefix < 4 && prefix < m && prefix < n && units[a + prefix] === units[b + prefix])
    prefix++;
  return jaro + prefix * 0.1 * (1 - jaro);
}

const PAIR_SLOTS = 4096;
const seenAt = new Uint32Array(PAIR_SLOTS);
const seenCount = new Uint8Array(PAIR_SLOTS);
let turn = 0;

/** Dice coefficient of the pairs of neighbouring units, 0 … 1. Good for long texts such as addresses. */
export function bigramDice(
  units: Units,
  a: number,
  lengthA: number,
  b: number,
  lengthB: number,
): number {
  if (lengthA < 2 || lengthB < 2) return 0;
  turn++;
  for (let i = 0; i < lengthA - 1; i++) {
    const slot = pairSlot(units[a + i]!, units[a + i + 1]!);
    if (seenAt[slot] !== turn) {
      seenAt[slot] = turn;
      seenCount[slot] = 0;
    }
    seenCount[slot]!++;
  }
  let common = 0;
  for (let i = 0; i < lengthB - 1; i++) {
    const slot = pairSlot(units[b + i]!, units[b + i + 1]!);
    if (seenAt[slot] !== turn || seenCount[slot] === 0) continue;
    seenCount[slot]!--;
    common++;
  }
  return (2 * common) / (lengthA + lengthB - 2);
}

function pairSlot(first: number, second: number): number {
  return (Math.imul(first, 0x9e37) ^ Math.imul(second, 0x85eb)) & (PAIR_SLOTS - 1);
}
