/**
 * Learns the parameters from the records alone, without labels, by expectation and maximisation over
 * the candidate pairs. Pairs outside the candidates count as strangers, so the rates are of all pairs,
 * and what strangers agree on is measured on random pairs, less the share that matches explain.
 */
import { type Blocks, forEachPair } from './blocking.ts';
import { FIELD_COUNT, FIELDS, LEVEL_COUNT } from './fields.ts';
import { type MatchModel, startModel } from './model.ts';
import { agreementBits, Scorer } from './score.ts';
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
  const random = randomRates(table, randomPairs, totalPairs);
  const sample = sampleCandidates(table, blocks, samplePairs);
  const agreement = agreementBits(table);
  let model = startModel(totalPairs, table.records);
  setStrangers(model, random, model.matchRate);
  for (let round = 0; round < rounds; round++) {
    model = improve(model, table, sample, random, agreement, totalPairs);
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
function randomRates(table: RecordTable, wanted: number, totalPairs: number): Float64Array[] {
  const counts = FIELDS.map(() => new Float64Array(LEVEL_COUNT));
  const { comparer } = new Scorer(
    table,
    startModel(totalPairs, table.records),
    agreementBits(table),
  );
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

interface Sample {
  pairs: Uint32Array;
  levels: Uint8Array;
  count: number;
  /** Which part of all candidate pairs the sample is. */
  fraction: number;
}

function sampleCandidates(table: RecordTable, blocks: Blocks, most: number): Sample {
  const fraction = Math.min(1, most / Math.max(1, largestPairCount(blocks)));
  const limit = Math.floor(fraction * 0xffffffff);
  const size = Math.ceil(most * 1.1) + 1000;
  const sample = {
    pairs: new Uint32Array(size * 2),
    levels: new Uint8Array(size * FIELD_COUNT),
    count: 0,
    fraction,
  };
  const { comparer } = new Scorer(table, startModel(2, 2), agreementBits(table));
  blocks.rules.forEach((_, rule) => {
    const end = blocks.starts[rule]!.length - 1;
    forEachPair(blocks, table.sources, rule, 0, end, (a, b) => {
      if (pairHash(a, b) > limit || sample.count === size) return;
      const at = sample.count++;
      sample.pairs[at * 2] = a;
      sample.pairs[at * 2 + 1] = b;
      const levels = sample.levels.subarray(at * FIELD_COUNT, (at + 1) * FIELD_COUNT);
      comparer.levels(a * SLOTS, b * SLOTS, levels);
    });
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
  table: RecordTable,
  sample: Sample,
  random: Float64Array[],
  agreement: Float32Array[],
  totalPairs: number,
): MatchModel {
  const scorer = new Scorer(table, model, agreement);
  const seen = FIELDS.map(() => new Float64Array(LEVEL_COUNT + 1));
  let matches = 0;
  let households = 0;
  for (let at = 0; at < sample.count; at++) {
    let match = scorer.prior.match;
    let household = scorer.prior.household;
    const row = sample.pairs[at * 2]! * SLOTS;
    const first = at * FIELD_COUNT;
    for (let field = 0; field < FIELD_COUNT; field++) {
      const level = sample.levels[first + field]!;
      const bits = scorer.fieldBits(field, level, table.rows[row + field]!);
      match += bits.match;
      household += bits.household;
    }
    const highest = Math.max(match, household, 0);
    const sum = 2 ** (match - highest) + 2 ** (household - highest) + 2 ** -highest;
    const isMatch = 2 ** (match - highest) / sum;
    households += 2 ** (household - highest) / sum;
    if (isMatch < 1e-6) continue;
    matches += isMatch;
    for (let field = 0; field < FIELD_COUNT; field++) {
      seen[field]![sample.levels[first + field]!]! += isMatch;
    }
  }
  return maximise(model, seen, random, {
    matchRate: (matches / sample.fraction + 1) / totalPairs,
    householdRate: (households / sample.fraction + 1) / totalPairs,
  });
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

function pairHash(a: number, b: number): number {
  const low = a < b ? a : b;
  const high = a < b ? b : a;
  let value = Math.imul(low ^ 0x5bd1e995, 0x2c1b3c6d) ^ Math.imul(high, 0x297a2d39);
  value = Math.imul(value ^ (value >>> 15), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
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
