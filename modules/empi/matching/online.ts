/** One record against the candidates that an index found for it. */
import { explainPair, type MatchExplanation } from './explain.ts';
import { FIELD_COUNT, FIELDS } from './fields.ts';
import { type MatchModel, startModel, type Thresholds } from './model.ts';
import type { NormalisedPerson } from './normalise.ts';
import { Scorer } from './score.ts';
import { RecordTableBuilder } from './store.ts';

/** What the index knows of frequencies. */
export interface Frequencies {
  persons: number;
  /** How many persons have the field, and how many this very value. */
  present(field: number): number;
  count(field: number, value: string): number;
}

export interface Candidate {
  personId: string;
  normalised: NormalisedPerson;
}

export interface Match extends MatchExplanation {
  personId: string;
}

/** Matches, most probable first; those below the threshold of a review are left out. */
export function matchOnline(
  person: NormalisedPerson,
  candidates: Candidate[],
  settings: { model: MatchModel | null; thresholds: Thresholds },
  frequencies: Frequencies,
  wanted: 'all' | 'possible' = 'possible',
): Match[] {
  if (candidates.length === 0) return [];
  const builder = new RecordTableBuilder(candidates.length + 1);
  builder.add(person);
  for (const { normalised } of candidates) builder.add(normalised);
  const table = builder.finish(false);
  const scorer = new Scorer(
    table,
    modelFor(settings.model, frequencies.persons),
    agreementWith(table.rows, table.counts, person, frequencies),
    { keeps: false },
  );
  const matches: Match[] = [];
  candidates.forEach(({ personId }, index) => {
    const explanation = explainPair(table, scorer, 0, index + 1, settings.thresholds);
    if (wanted === 'all' || explanation.verdict !== 'none')
      matches.push({ personId, ...explanation });
  });
  return matches.sort((a, b) => b.probability - a.probability || compare(a.personId, b.personId));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The rates of the register as it is now: one of two random persons is hardly ever the other, the
 * more persons there are.
 */
function modelFor(model: MatchModel | null, persons: number): MatchModel {
  const start = startModel((persons * (persons + 1)) / 2, persons + 1);
  if (model === null) return start;
  return { ...model, matchRate: start.matchRate, householdRate: start.householdRate };
}

/** Only values of the person itself can agree, so only theirs are looked up. */
function agreementWith(
  rows: Int32Array,
  counts: Uint32Array[],
  person: NormalisedPerson,
  frequencies: Frequencies,
): Float32Array[] {
  return Array.from({ length: FIELD_COUNT }, (_, field) => {
    const bits = new Float32Array(counts[field]!.length);
    const value = person.values[field]!;
    if (value === '' || FIELDS[field]!.termFrequency !== 'always') return bits;
    const present = frequencies.present(field);
    // Too few to know how frequent a value is: the field's average is used.
    if (present < 1000) return bits;
    const count = Math.max(1, frequencies.count(field, value));
    bits[rows[field]!] = -Math.log2(count / present);
    return bits;
  });
}
