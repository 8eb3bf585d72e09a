/**
 * The answers to many entries, in their order, as they came from the writer: an answer is taken apart
 * when it is looked at, so that whoever only counts what was applied pays for nothing else.
 */
import { AnswerReader } from './messages-between-threads.ts';
import { STATUS, statusName } from './status.ts';
import type { EntryResult, EntryStatus } from './types.ts';

export class EntryResults implements Iterable<EntryResult> {
  readonly length: number;
  /** Answers as they were posted, one message or more. */
  private readonly parts: Float64Array[];

  constructor(parts: Float64Array[], length: number) {
    this.parts = parts;
    this.length = length;
  }

  *[Symbol.iterator](): Iterator<EntryResult> {
    const reader = new AnswerReader();
    let left = this.length;
    for (const part of this.parts) {
      reader.reset(part);
      for (; left > 0 && !reader.done; left--) yield reader.result();
    }
  }

  /** How each entry ended. */
  statuses(): EntryStatus[] {
    const statuses: EntryStatus[] = [];
    this.eachStatus((status) => statuses.push(statusName(status)));
    return statuses;
  }

  /** How many entries are in the journal as applied, by this call or before it. */
  countDone(): number {
    let count = 0;
    this.eachStatus((status) => {
      if (status === STATUS.applied || status === STATUS.exists) count++;
    });
    return count;
  }

  private eachStatus(visit: (status: number) => void): void {
    const reader = new AnswerReader();
    let left = this.length;
    for (const part of this.parts) {
      reader.reset(part);
      for (; left > 0 && !reader.done; left--) {
        visit(reader.status);
        reader.skip(1);
      }
    }
  }
}
