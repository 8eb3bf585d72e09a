/** What the state machine says about one entry, in arrays that are used again for the next one. */
import type { ByteWriter } from './bytes.ts';
import { varintSize } from './bytes.ts';

/** Numbers per transfer: the amount, four balances of the debit account, four of the credit account. */
export const OUTCOME_NUMBERS = 9;
export const TALLY_NUMBERS = 2;

/** A growing list of numbers. */
export class NumberList {
  values = new Float64Array(64);
  length = 0;

  /** Makes room for so many more and returns where they go. */
  extend(count: number): number {
    const start = this.length;
    if (start + count > this.values.length) {
      const grown = new Float64Array(Math.max(this.values.length * 2, start + count));
      grown.set(this.values);
      this.values = grown;
    }
    this.length = start + count;
    return start;
  }
}

export class Outcome {
  status = 0;
  /** Which item refused, or -1. */
  failedIndex = -1;
  /** The entry's business date as a number, 0 for the deployment's own. */
  businessDate = 0;
  /** For a known id: position and status of the record that holds it; otherwise 0 and -1. */
  recordedPosition = 0;
  recordedStatus = -1;
  readonly outcomes = new NumberList();
  readonly tallies = new NumberList();

  clear(): void {
    this.status = 0;
    this.failedIndex = -1;
    this.businessDate = 0;
    this.recordedPosition = 0;
    this.recordedStatus = -1;
    this.forgetNumbers();
  }

  forgetNumbers(): void {
    this.outcomes.length = 0;
    this.tallies.length = 0;
  }
}

/** Appends a Record of `ledger/journal.proto` as field 4 of its Group. */
export function putRecord(
  out: ByteWriter,
  outcome: Outcome,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const entryLength = end - start;
  const outcomesLength = packedSize(outcome.outcomes);
  const talliesLength = packedSize(outcome.tallies);
  let length = 1 + varintSize(entryLength) + entryLength;
  length += numberSize(outcome.status) + numberSize(outcome.failedIndex + 1);
  length += numberSize(outcome.businessDate);
  if (outcomesLength > 0) length += 1 + varintSize(outcomesLength) + outcomesLength;
  if (talliesLength > 0) length += 1 + varintSize(talliesLength) + talliesLength;
  out.reserve(length + 12);
  out.byte(0x22);
  out.varint(length);
  out.byte(0x0a);
  out.varint(entryLength);
  out.slice(bytes, start, end);
  out.number(0x10, outcome.status);
  out.number(0x18, outcome.failedIndex + 1);
  out.number(0x20, outcome.businessDate);
  putPacked(out, 0x2a, outcome.outcomes, outcomesLength);
  putPacked(out, 0x32, outcome.tallies, talliesLength);
}

function numberSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}

function packedSize(list: NumberList): number {
  const { values, length } = list;
  let size = 0;
  for (let i = 0; i < length; i++) size += varintSize(values[i]!);
  return size;
}

function putPacked(out: ByteWriter, tag: number, list: NumberList, size: number): void {
  if (size === 0) return;
  out.byte(tag);
  out.varint(size);
  out.varints(list.values, list.length);
}
