/** Sets of running numbers as sorted, non-overlapping ranges, both ends included. Pure. */

export type Range = readonly [from: number, to: number];

export function countOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

export function holds(ranges: readonly Range[], [from, to]: Range): boolean {
  return ranges.some((range) => range[0] <= from && to <= range[1]);
}

export function overlaps(ranges: readonly Range[], [from, to]: Range): boolean {
  return ranges.some((range) => range[0] <= to && from <= range[1]);
}

/** With a range added that overlaps none; neighbours grow together. */
export function withRange(ranges: readonly Range[], added: Range): Range[] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...ranges, added].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && last[1] + 1 === from) last[1] = to;
    else merged.push([from, to]);
  }
  return merged;
}

/** Without a range that is held. */
export function withoutRange(ranges: readonly Range[], [from, to]: Range): Range[] {
  return ranges.flatMap((range): Range[] => {
    if (to < range[0] || range[1] < from) return [range];
    const left: Range[] = [];
    if (range[0] < from) left.push([range[0], from - 1]);
    if (to < range[1]) left.push([to + 1, range[1]]);
    return left;
  });
}

/** The lowest `count` numbers, as ranges; null when there are not so many. */
export function lowest(ranges: readonly Range[], count: number): Range[] | null {
  const taken: Range[] = [];
  let missing = count;
  for (const [from, to] of ranges) {
    if (missing === 0) break;
    const end = Math.min(to, from + missing - 1);
    taken.push([from, end]);
    missing -= end - from + 1;
  }
  return missing === 0 ? taken : null;
}
