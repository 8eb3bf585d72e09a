/**
 * The parameters of the matching engine: what training learns and what an administrator sets. They
 * are plain data, kept in the journal by the register and in a file by `posp empi train`.
 */
import { FIELDS, LEVEL_COUNT } from './fields.ts';

/** P(level | class) of one field, in the order of LEVELS. */
export interface FieldModel {
  match: number[];
  stranger: number[];
  household: number[];
}

export interface MatchModel {
  version: 1;
  /** By field, in the order of FIELDS. */
  fields: FieldModel[];
  /** P(a random pair is one person) and P(it is two members of a household). */
  matchRate: number;
  householdRate: number;
}

export interface Thresholds {
  /** From this probability on records are joined without asking. */
  auto: number;
  /** From this one on a person decides. */
  manual: number;
}

/** One fixed pair for every data set: never chosen with labels. */
export const DEFAULT_THRESHOLDS: Thresholds = { auto: 0.9, manual: 0.2 };

/** Where training starts, for a register of so many records of which a fifth are repeated. */
export function startModel(totalPairs: number, records: number): MatchModel {
  return {
    version: 1,
    fields: FIELDS.map(({ match, stranger, household }) => ({
      match: [...match],
      stranger: [...stranger],
      household: [...household],
    })),
    matchRate: Math.min(0.2, (0.2 * records + 1) / Math.max(1, totalPairs)),
    householdRate: Math.min(0.2, (0.05 * records + 1) / Math.max(1, totalPairs)),
  };
}

/** What is wrong with parameters from outside, in a sentence; null when they can be used. */
export function checkModel(model: unknown): string | null {
  const { version, fields, matchRate, householdRate } = (model ?? {}) as Partial<MatchModel>;
  if (version !== 1) return 'these are no parameters of version 1';
  if (!isShare(matchRate) || !isShare(householdRate) || matchRate + householdRate >= 1) {
    return 'matchRate and householdRate must be between 0 and 1';
  }
  if (!Array.isArray(fields) || fields.length !== FIELDS.length) {
    return `fields must have ${FIELDS.length} entries`;
  }
  for (const [index, field] of fields.entries()) {
    for (const shares of [field?.match, field?.stranger, field?.household]) {
      if (!Array.isArray(shares) || shares.length !== LEVEL_COUNT || !shares.every(isShareOrZero)) {
        return `field ${FIELDS[index]!.name} must have ${LEVEL_COUNT} shares a class`;
      }
    }
  }
  return null;
}

function isShare(value: unknown): value is number {
  return isShareOrZero(value) && value > 0 && value < 1;
}

function isShareOrZero(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}
