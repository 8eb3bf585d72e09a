/**
 * From pairs to persons. Links are taken best first, and two groups join only when nothing forbids
 * it: two different valid identity numbers never come together, a group has a bound, and a link that
 * all other evidence between the two groups speaks against is left to people.
 */
import { isHan } from './chinese-name.ts';
import { Comparer } from './compare.ts';
import { FIELD, LEVEL } from './fields.ts';
import { PersonFlag } from './normalise.ts';
import { haveDifferentValidIds, isFlagged, type RecordTable, SLOTS, textOf } from './store.ts';

/** Log-odds of pairs: record a, record b, base 2. */
export interface ScoredPairs {
  a: Uint32Array;
  b: Uint32Array;
  logOdds: Float32Array;
}

export type LinkRefusal =
  | 'different valid ID numbers'
  | 'newborn'
  | 'perhaps twins'
  | 'group too large'
  | 'contradicted';

export interface ClusterOptions {
  /** Links below are not used. */
  leastLogOdds: number;
  largestGroup?: number;
  /** The score of any two records, for the evidence between groups. */
  score: (a: number, b: number) => number;
  /** Called for each two records that come together, with the strength of the chain between them. */
  joined?: (a: number, b: number, logOdds: number) => void;
  /** Called for each link that was strong enough and still refused. */
  refused?: (a: number, b: number, logOdds: number, why: LinkRefusal) => void;
}

const LARGEST_GROUP = 64;
/** One pair alone cannot outweigh all others: what it says is bounded, in bits. */
const MOST_SAID = 30;
const MOST_ASKED = 64;

/** Returns each record's group: the number of one of its members. */
export function cluster(
  table: RecordTable,
  pairs: ScoredPairs,
  options: ClusterOptions,
): Uint32Array {
  const groups = new Groups(table, options.largestGroup ?? LARGEST_GROUP);
  for (const at of bestFirst(pairs, options.leastLogOdds)) {
    const a = pairs.a[at]!;
    const b = pairs.b[at]!;
    const logOdds = pairs.logOdds[at]!;
    const first = groups.find(a);
    const second = groups.find(b);
    if (first === second) continue;
    const refusal = pairRefusal(table, a, b) ?? groups.refusal(first, second, options.score);
    if (refusal !== null) {
      options.refused?.(a, b, logOdds, refusal);
      continue;
    }
    if (options.joined !== undefined) {
      for (const x of groups.members(first)) {
        for (const y of groups.members(second)) options.joined(x, y, logOdds);
      }
    }
    groups.join(first, second);
  }
  return groups.roots();
}

/** Why two records are never joined by themselves, however alike; null when they may be. */
export function pairRefusal(table: RecordTable, a: number, b: number): LinkRefusal | null {
  if (haveDifferentValidIds(table, a, b)) return 'different valid ID numbers';
  const isNewborn =
    isFlagged(table, a, PersonFlag.newborn) || isFlagged(table, b, PersonFlag.newborn);
  const id = table.rows[a * SLOTS + FIELD.idNumber]!;
  if (id !== 0 && id === table.rows[b * SLOTS + FIELD.idNumber]) return null;
  if (isNewborn) return 'newborn';
  return arePerhapsTwins(table, a, b) ? 'perhaps twins' : null;
}

/**
 * Born on one day with one surname, but with two given names, and no identity number that speaks for
 * one person. Chinese twins often share one character; a Latin name with some letters changed is a slip.
 */
function arePerhapsTwins(table: RecordTable, a: number, b: number): boolean {
  const { rows } = table;
  const startA = a * SLOTS;
  const startB = b * SLOTS;
  for (const field of [FIELD.birthDate, FIELD.surname]) {
    if (rows[startA + field] === 0 || rows[startA + field] !== rows[startB + field]) return false;
  }
  const given = rows[startA + FIELD.givenName]!;
  if (given === 0 || rows[startB + FIELD.givenName] === 0) return false;
  const comparer = new Comparer(table, false);
  const id = comparer.level(FIELD.idNumber, startA, startB);
  const isCitizens =
    isFlagged(table, a, PersonFlag.validId) || isFlagged(table, b, PersonFlag.validId);
  if (id === LEVEL.close || (id === LEVEL.similar && !isCitizens)) return false;
  const level = comparer.level(FIELD.givenName, startA, startB);
  if (level === LEVEL.differs) return true;
  return level === LEVEL.similar && isHan(textOf(table, FIELD.givenName, given));
}

function bestFirst({ logOdds }: ScoredPairs, least: number): Uint32Array {
  const chosen = new Uint32Array(logOdds.length);
  let count = 0;
  for (let at = 0; at < logOdds.length; at++) if (logOdds[at]! >= least) chosen[count++] = at;
  return chosen.subarray(0, count).sort((x, y) => logOdds[y]! - logOdds[x]! || x - y);
}

/** Disjoint sets of records; members of a set are a ring. */
class Groups {
  private readonly parent: Uint32Array;
  private readonly next: Uint32Array;
  private readonly size: Uint32Array;
  /** Code of the valid identity number in the group, 0 for none. */
  private readonly validId: Uint32Array;
  private readonly largest: number;

  constructor(table: RecordTable, largest: number) {
    const { records } = table;
    this.parent = Uint32Array.from({ length: records }, (_, record) => record);
    this.next = this.parent.slice();
    this.size = new Uint32Array(records).fill(1);
    this.validId = new Uint32Array(records);
    this.largest = largest;
    for (let record = 0; record < records; record++) {
      if (isFlagged(table, record, PersonFlag.validId)) {
        this.validId[record] = table.rows[record * SLOTS + FIELD.idNumber]!;
      }
    }
  }

  find(record: number): number {
    let root = record;
    while (this.parent[root] !== root) {
      this.parent[root] = this.parent[this.parent[root]!]!;
      root = this.parent[root]!;
    }
    return root;
  }

  *members(root: number): Iterable<number> {
    let record = root;
    do {
      yield record;
      record = this.next[record]!;
    } while (record !== root);
  }

  refusal(
    first: number,
    second: number,
    score: (a: number, b: number) => number,
  ): LinkRefusal | null {
    const idA = this.validId[first]!;
    const idB = this.validId[second]!;
    if (idA !== 0 && idB !== 0 && idA !== idB) return 'different valid ID numbers';
    if (this.size[first]! + this.size[second]! > this.largest) return 'group too large';
    if (this.size[first]! + this.size[second]! === 2) return null;
    let said = 0;
    let asked = 0;
    for (const x of this.members(first)) {
      for (const y of this.members(second)) {
        if (asked++ >= MOST_ASKED) break;
        said += Math.max(-MOST_SAID, Math.min(MOST_SAID, score(x, y)));
      }
    }
    return said > 0 ? null : 'contradicted';
  }

  join(first: number, second: number): void {
    const [root, other] =
      this.size[first]! >= this.size[second]! ? [first, second] : [second, first];
    this.parent[other] = root;
    this.size[root]! += this.size[other]!;
    this.validId[root] ||= this.validId[other]!;
    const after = this.next[root]!;
    this.next[root] = this.next[other]!;
    this.next[other] = after;
  }

  roots(): Uint32Array {
    return this.parent.map((_, record) => this.find(record));
  }
}
