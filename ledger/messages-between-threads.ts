/**
 * What crosses between a client and the writer: per event-loop turn one buffer of requests there, per
 * group one buffer of answers back. Answers come in the order of the requests, so neither is numbered.
 *
 * A request is its kind (one byte), the length of what follows (four bytes, little-endian), and an
 * encoded entry or the ids that are asked for. Answers are 64-bit floating point numbers, which hold
 * every integer of the ledger exactly.
 */

import { dateText } from './institutions.ts';
import type { NumberList, Outcome } from './outcome.ts';
import { statusName } from './status.ts';
import type { Balances, EntryResult, TallyValue, TransferOutcome } from './types.ts';

export const REQUEST = { submit: 1, dryRun: 2, accounts: 3, tallies: 4, entries: 5 } as const;
export const REQUEST_HEADER_BYTES = 5;

/** Numbers per id of an answer to a look-up. */
export const ACCOUNT_NUMBERS = 8;
export const TALLY_ANSWER_NUMBERS = 2;
export const ENTRY_NUMBERS = 2;

/** What the writer posts instead of answers when a group failed. */
export interface FailureMessage {
  failed: { code: string; message: string };
  /** How many requests it answers. */
  requests: number;
}

export type AnswerMessage = Float64Array | FailureMessage;

/** Position, time, status and so on of the record that answers a submit. */
export interface AnswerSource {
  position: number;
  timestampUs: number;
  businessDate: number;
  failedIndex: number;
  outcomes: NumberList;
  tallies: NumberList;
}

const HEADER_NUMBERS = 8;

export function putAnswer(out: NumberList, outcome: Outcome, source: AnswerSource): void {
  const { outcomes, tallies } = source;
  let at = out.extend(HEADER_NUMBERS + outcomes.length + tallies.length);
  const { values } = out;
  values[at++] = outcome.status;
  values[at++] = outcome.recordedStatus;
  values[at++] = source.failedIndex;
  values[at++] = source.position;
  values[at++] = source.timestampUs;
  values[at++] = source.businessDate;
  values[at++] = outcomes.length;
  values[at++] = tallies.length;
  for (let i = 0; i < outcomes.length; i++) values[at++] = outcomes.values[i]!;
  for (let i = 0; i < tallies.length; i++) values[at++] = tallies.values[i]!;
}

/** Reads answers one after the other. */
export class AnswerReader {
  private values: Float64Array = new Float64Array(0);
  private at = 0;

  reset(values: Float64Array): void {
    this.values = values;
    this.at = 0;
  }

  get done(): boolean {
    return this.at >= this.values.length;
  }

  number(): number {
    return this.values[this.at++]!;
  }

  /** Number of the status of the answer that comes next. */
  get status(): number {
    return this.values[this.at]!;
  }

  /** Steps over the answers to so many submits, or to as many as are left; returns how many. */
  skip(count: number): number {
    const { values } = this;
    let skipped = 0;
    let at = this.at;
    for (; skipped < count && at < values.length; skipped++) {
      at += HEADER_NUMBERS + values[at + 6]! + values[at + 7]!;
    }
    this.at = at;
    return skipped;
  }

  /** The numbers from here on, which other readers may read, too. */
  rest(): Float64Array {
    return this.values.subarray(this.at);
  }

  result(): EntryResult {
    const { values, at } = this;
    const recorded = values[at + 1]!;
    const failedIndex = values[at + 2]!;
    const outcomesEnd = at + HEADER_NUMBERS + values[at + 6]!;
    const end = outcomesEnd + values[at + 7]!;
    const result: EntryResult = {
      status: statusName(values[at]!),
      position: values[at + 3]!,
      timestampUs: values[at + 4]!,
      businessDate: dateText(values[at + 5]!),
      outcomes: transferOutcomes(values, at + HEADER_NUMBERS, outcomesEnd),
      tallies: tallyValues(values, outcomesEnd, end),
    };
    if (failedIndex >= 0) result.failedIndex = failedIndex;
    if (recorded >= 0) result.recorded = statusName(recorded);
    this.at = end;
    return result;
  }
}

export function transferOutcomes(
  values: Float64Array,
  from: number,
  end: number,
): TransferOutcome[] {
  const outcomes: TransferOutcome[] = [];
  for (let at = from; at < end; at += 9) {
    outcomes.push({
      amountFen: values[at]!,
      debit: balancesFrom(values, at + 1),
      credit: balancesFrom(values, at + 5),
    });
  }
  return outcomes;
}

export function tallyValues(values: Float64Array, from: number, end: number): TallyValue[] {
  const tallies: TallyValue[] = [];
  for (let at = from; at < end; at += 2) {
    tallies.push({ amountFen: values[at]!, count: values[at + 1]! });
  }
  return tallies;
}

export function balancesFrom(values: Float64Array, at: number): Balances {
  return {
    debitsPendingFen: values[at]!,
    debitsPostedFen: values[at + 1]!,
    creditsPendingFen: values[at + 2]!,
    creditsPostedFen: values[at + 3]!,
  };
}
