/**
 * Learns the parameters from the records alone, without labels, by expectation and maximisation over
 * the candidate pairs. Pairs outside the candidates count as strangers, so the rates are of all pairs,
 * and what strangers agree on is measured on random pairs, less the share that matches explain.
 */
import { type Blocks, forEachPair } from './blocking.ts';
import { Comparer } from './compare.ts';
import { FIELD_COUNT, FIELDS, LEVEL, LEVEL_COUNT } from './fields.ts';
import { type MatchModel, startModel } from './model.ts';
import { agreementBits, isSharedAtHome, Scorer } from './score.ts';
import { type RecordTable, SLOTS } from './store.ts';

export interface TrainOptions {
  /** At most so many candidate pairs are looked at. */
  samplePairs?: number;
  randomPairs?: number;
  rounds?: number;
  progress?: (done: number, of: number) => void;
}

/** How many imagined matches stand behind the start values: they matter in small files only. */
const MATCH_STRENGTH = 20;
const STRANGER_STRENGTH = 500;

export function train(table: RecordTable, blocks: Blocks, options: TrainOptions = {}): MatchModel {
  const { samplePairs = 500_000, randomPairs = 200_000, rounds = 15 } = options;
  const totalPairs = pairsOf(table);
  const random = randomRates(table, randomPairs);
  const agreement = agreementBits(table);
  const sample = sampleCandidates(table, blocks, agreement, samplePairs);
  let model = startModel(totalPairs, table.records);
  setStrangers(model, random, model.matchRate);
  for (let round = 0; round < rounds; round++) {
    model = improve(model, new Scorer(table, model, agreement), sample, random, totalPairs);
    options.progress?.(round + 1, rounds);
  }
  return model;
}

/** All pairs that could be compared. */
export function pairsOf({ records, sources }: RecordTable): number {
  if (sources === null) return (records * (records - 1)) / 2;
  let second = 0;
  for (const source of sources) second += source;
  return second * (records - second);
}

/** By field: how often two random records come out at each level. */
function randomRates(table: RecordTable, wanted: number): Float64Array[] {
  const counts = FIELDS.map(() => new Float64Array(LEVEL_COUNT));
  const comparer = new Comparer(table);
  const next = numberStream(20_260_101);
  const levels = new Uint8Array(FIELD_COUNT);
  for (let i = 0; i < wanted && table.records > 1; i++) {
    const a = next() % table.records;
    const b = next() % table.records;
    if (a === b || (table.sources !== null && table.sources[a] === table.sources[b])) continue;
    comparer.levels(a * SLOTS, b * SLOTS, levels);
    for (let field = 0; field < FIELD_COUNT; field++) {
      if (levels[field]! < LEVEL_COUNT) counts[field]![levels[field]!]!++;
    }
  }
  return counts.map((count, field) => ratesOf(table, field, count));
}

/** Exact agreement is counted over all values; the other levels come from the random pairs. */
function ratesOf(table: RecordTable, field: number, count: Float64Array): Float64Array {
  const present = table.present[field]!;
  let equal = 0;
  for (const [code, times] of table.counts[field]!.entries()) {
    if (code > 0) equal += times * (times - 1);
  }
  const pairs = present * (present - 1);
  const prior = FIELDS[field]!.stranger;
  const weight = STRANGER_STRENGTH;
  const exact = (equal + prior[0]! * weight * 2) / (pairs + weight * 2);
  let unequal = 0;
  for (let level = 1; level < LEVEL_COUNT; level++) unequal += count[level]!;
  const rates = new Float64Array(LEVEL_COUNT);
  rates[0] = exact;
  const priorUnequal = 1 - prior[0]!;
  for (let level = 1; level < LEVEL_COUNT; level++) {
    const share = (count[level]! + (prior[level]! / priorUnequal) * weight) / (unequal + weight);
    rates[level] = share * (1 - exact);
  }
  return rates;
}

function setStrangers(model: MatchModel, random: Float64Array[], matchRate: number): void {
  model.fields.forEach(({ match, stranger }, field) => {
    for (let level = 0; level < LEVEL_COUNT; level++) {
      const rate = random[field]![level]!;
      const least = Math.min(rate, FIELDS[field]!.stranger[level]!) * 0.1;
      const rest = (rate - matchRate * match[level]!) / (1 - matchRate);
      stranger[level] = Math.max(rest, least, 1e-9);
    }
  });
}

/**
 * Candidate pairs, each as its pattern of levels. There are far fewer patterns than pairs, and only
 * the bits that depend on the very values differ between pairs of one pattern.
 */
interface Sample {
  patternOf: Uint32Array;
  /** Bits of agreement on values with a frequency of their own: all fields, and those shared at home. */
  valueBits: Float32Array;
  sharedBits: Float32Array;
  count: number;
  /** Levels of each pattern, FIELD_COUNT a pattern; OWN_VALUE stands for an exact agreement of that kind. */
  patterns: number[];
  /** Which part of all candidate pairs the sample is. */
  fraction: number;
}

const OWN_VALUE = LEVEL_COUNT + 1;

function sampleCandidates(
  table: RecordTable,
  blocks: Blocks,
  agreement: Float32Array[],
  most: number,
): Sample {
  const fraction = Math.min(1, most / Math.max(1, largestPairCount(blocks)));
  const limit = fraction === 1 ? 0xffffffff : Math.floor(fraction * 0xffffffff);
  const size = Math.ceil(most * 1.1) + 1000;
  const sample: Sample = {
    patternOf: new Uint32Array(size),
    valueBits: new Float32Array(size),
    sharedBits: new Float32Array(size),
    count: 0,
    patterns: [],
    fraction,
  };
  const comparer = new Comparer(table);
  const known = new Map<number, number>();
  const levels = new Uint8Array(FIELD_COUNT);
  const visit = (a: number, b: number): void => {
    if (sample.count === size) return;
    comparer.levels(a * SLOTS, b * SLOTS, levels);
    const at = sample.count++;
    let key = 0;
    for (let field = 0; field < FIELD_COUNT; field++) {
      if (levels[field] === LEVEL.exact) {
        const bits = agreement[field]![table.rows[a * SLOTS + field]!]!;
        if (bits !== 0) levels[field] = OWN_VALUE;
        sample.valueBits[at]! += bits;
        if (isSharedAtHome(field)) sample.sharedBits[at]! += bits;
      }
      key = key * 8 + levels[field]!;
    }
    let pattern = known.get(key);
    if (pattern === undefined) {
      pattern = known.size;
      known.set(key, pattern);
      sample.patterns.push(...levels);
    }
    sample.patternOf[at] = pattern;
  };
  blocks.rules.forEach((_, rule) => {
    const end = blocks.starts[rule]!.length - 1;
    forEachPair(blocks, table.sources, rule, 0, end, visit, limit);
  });
  return sample;
}

/** Pairs of all blocks; those that several rules bring together count several times. */
export function largestPairCount({ starts }: Blocks): number {
  let total = 0;
  for (const start of starts) {
    for (let block = 0; block + 1 < start.length; block++) {
      const size = start[block + 1]! - start[block]!;
      total += (size * (size - 1)) / 2;
    }
  }
  return total;
}

/** One round: how probable each pair is under the old model, then the shares under the new one. */
function improve(
  model: MatchModel,
  scorer: Scorer,
  sample: Sample,
  random: Float64Array[],
  totalPairs: number,
): MatchModel {
  const { match, household } = patternBits(scorer, sample.patterns);
  const weight = new Float64Array(match.length);
  let matches = 0;
  let households = 0;
  for (let at = 0; at < sample.count; at++) {
    const pattern = sample.patternOf[at]!;
    const matchBits = match[pattern]! + sample.valueBits[at]!;
    const householdBits = household[pattern]! + sample.sharedBits[at]!;
    if (matchBits < -25 && householdBits < -25) continue;
    const highest = Math.max(matchBits, householdBits, 0);
    const isMatch = 2 ** (matchBits - highest);
    const isHousehold = 2 ** (householdBits - highest);
    const sum = isMatch + isHousehold + 2 ** -highest;
    households += isHousehold / sum;
    matches += isMatch / sum;
    weight[pattern]! += isMatch / sum;
  }
  const seen = FIELDS.map(() => new Float64Array(LEVEL_COUNT + 2));
  weight.forEach((pairs, pattern) => {
    for (let field = 0; field < FIELD_COUNT; field++) {
      const level = sample.patterns[pattern * FIELD_COUNT + field]!;
      seen[field]![level === OWN_VALUE ? LEVEL.exact : level]! += pairs;
    }
  });
  return maximise(model, seen, random, {
    matchRate: (matches / sample.fraction + 1) / totalPairs,
    householdRate: (households / sample.fraction + 1) / totalPairs,
  });
}

function patternBits(scorer: Scorer, patterns: number[]) {
  const count = patterns.length / FIELD_COUNT;
  const match = new Float64Array(count).fill(scorer.prior.match);
  const household = new Float64Array(count).fill(scorer.prior.household);
  for (let at = 0; at < patterns.length; at++) {
    const field = at % FIELD_COUNT;
    const pattern = (at - field) / FIELD_COUNT;
    const level = patterns[at]!;
    const bits = level === OWN_VALUE ? scorer.ownValueBits(field) : scorer.levelBits(field, level);
    match[pattern]! += bits.match;
    household[pattern]! += bits.household;
  }
  return { match, household };
}

function maximise(
  model: MatchModel,
  seen: Float64Array[],
  random: Float64Array[],
  rates: { matchRate: number; householdRate: number },
): MatchModel {
  const next: MatchModel = {
    version: 1,
    matchRate: Math.min(0.4, rates.matchRate),
    householdRate: Math.min(0.4, rates.householdRate),
    fields: model.fields.map((field, index) => {
      const counts = seen[index]!;
      const sum = counts.subarray(0, LEVEL_COUNT).reduce((total, count) => total + count, 0);
      const match = FIELDS[index]!.match.map(
        (start, level) => (counts[level]! + start * MATCH_STRENGTH) / (sum + MATCH_STRENGTH),
      );
      return { match, stranger: [...field.stranger], household: [...field.household] };
    }),
  };
  setStrangers(next, random, next.matchRate);
  return next;
}

/** Repeatable numbers of 31 bits: training the same file twice gives the same model. */
function numberStream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return (value ^ (value >>> 14)) >>> 1;
  };
}
