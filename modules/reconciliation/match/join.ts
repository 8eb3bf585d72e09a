/**
 * Groups the records of both sides that have the same key: one pass over each side through one hash
 * table, so that time grows with the number of lines and not with their product.
 */
import { KEY_WORDS } from './records.ts';

/** Records of one side in one array, with the place of the key that is compared. */
export interface JoinSide {
  readonly words: Int32Array;
  readonly stride: number;
  /** Which key of the record at a place; -1 when it takes no part. */
  pick(words: Int32Array, at: number): number;
}

export interface JoinVisitor {
  /** A key with records of both sides. Lists hold places in the arrays; they are reused. */
  group(ours: readonly number[], theirs: readonly number[]): void;
  /** A record whose key the other side does not have, or that has none. */
  alone(side: 'ours' | 'theirs', at: number): void;
}

const NONE = -1;

export function join(ours: JoinSide, theirs: JoinSide, visitor: JoinVisitor): void {
  const oursCount = ours.words.length / ours.stride;
  const theirsCount = theirs.words.length / theirs.stride;
  const table = new GroupTable(ours, theirs, oursCount + theirsCount);
  const oursNext = table.insertAll(ours, oursCount, 'ours', visitor);
  const theirsNext = table.insertAll(theirs, theirsCount, 'theirs', visitor);
  const oursPlaces: number[] = [];
  const theirsPlaces: number[] = [];
  for (let group = 0; group < table.count; group++) {
    collect(oursPlaces, table.oursHead[group]!, oursNext, ours.stride);
    collect(theirsPlaces, table.theirsHead[group]!, theirsNext, theirs.stride);
    if (theirsPlaces.length === 0) for (const at of oursPlaces) visitor.alone('ours', at);
    else if (oursPlaces.length === 0) for (const at of theirsPlaces) visitor.alone('theirs', at);
    else visitor.group(oursPlaces, theirsPlaces);
  }
}

function collect(places: number[], head: number, next: Int32Array, stride: number): void {
  places.length = 0;
  for (let row = head; row !== NONE; row = next[row]!) places.push(row * stride);
}

/** Keys with the first record of each side; further ones hang on each other. */
class GroupTable {
  readonly oursHead: Int32Array;
  readonly theirsHead: Int32Array;
  count = 0;
  private readonly ours: JoinSide;
  private readonly theirs: JoinSide;
  private readonly slots: Int32Array;
  private readonly mask: number;

  constructor(ours: JoinSide, theirs: JoinSide, records: number) {
    this.ours = ours;
    this.theirs = theirs;
    let size = 16;
    while (size < records * 1.5) size *= 2;
    this.mask = size - 1;
    this.slots = new Int32Array(size).fill(NONE);
    this.oursHead = new Int32Array(records).fill(NONE);
    this.theirsHead = new Int32Array(records).fill(NONE);
  }

  /** Gives for every record the next one of its group. */
  insertAll(
    side: JoinSide,
    count: number,
    name: 'ours' | 'theirs',
    visitor: JoinVisitor,
  ): Int32Array {
    const { words, stride } = side;
    const heads = name === 'ours' ? this.oursHead : this.theirsHead;
    const next = new Int32Array(count).fill(NONE);
    for (let row = 0; row < count; row++) {
      const at = row * stride;
      const key = side.pick(words, at);
      if (key < 0) {
        visitor.alone(name, at);
        continue;
      }
      const place = at + key * KEY_WORDS;
      const group = this.groupOf(words[place]!, words[place + 1]!, words[place + 2]!);
      next[row] = heads[group]!;
      heads[group] = row;
    }
    return next;
  }

  private groupOf(a: number, b: number, c: number): number {
    const { slots, mask } = this;
    // The low bits of `a` chose the partition on disk; `b` is as good.
    for (let slot = b & mask; ; slot = (slot + 1) & mask) {
      const group = slots[slot]!;
      if (group === NONE) {
        slots[slot] = this.count;
        return this.count++;
      }
      if (this.isKey(group, a, b, c)) return group;
    }
  }

  /** Compares with the key of the group's newest record. A new group has its record at once. */
  private isKey(group: number, a: number, b: number, c: number): boolean {
    const oursRow = this.oursHead[group]!;
    const side = oursRow === NONE ? this.theirs : this.ours;
    const row = oursRow === NONE ? this.theirsHead[group]! : oursRow;
    const { words, stride } = side;
    const at = row * stride;
    const place = at + side.pick(words, at) * KEY_WORDS;
    return words[place] === a && words[place + 1] === b && words[place + 2] === c;
  }
}
