/**
 * The writer's side of its clients: their buffers in the order in which they came, taken apart request
 * by request. A submit goes to the core and becomes part of the group at hand; a look-up reads what
 * the group has made so far.
 */
import type { MessagePort } from 'node:worker_threads';
import { IdWords } from './entry-view.ts';
import type { LedgerError } from './errors.ts';
import type { GroupAnswers } from './group-answers.ts';
import { ID_BYTES } from './id.ts';
import {
  ACCOUNT_NUMBERS,
  type AnswerSource,
  ENTRY_NUMBERS,
  type FailureMessage,
  putAnswer,
  REQUEST,
  REQUEST_HEADER_BYTES,
  TALLY_ANSWER_NUMBERS,
} from './messages-between-threads.ts';
import { NumberList } from './outcome.ts';
import { ENTRIES_AHEAD, type ReadAhead } from './read-ahead.ts';
import { isTallyForgotten } from './tally-rules.ts';
import type { WriterCore } from './writer-core.ts';

/** Bytes of some entries; fewer of them are judged as fast without. */
const WORTH_READING_AHEAD = 1024;

interface Batch {
  port: MessagePort;
  bytes: Uint8Array;
  at: number;
  /** Up to here the entries were read ahead. */
  readTo: number;
}

export class RequestQueue {
  private batches: Batch[] = [];
  /** Batches before this one are done. */
  private first = 0;
  private readonly id = new IdWords();

  add(port: MessagePort, bytes: Uint8Array): void {
    if (bytes.length > 0) this.batches.push({ port, bytes, at: 0, readTo: 0 });
  }

  get isEmpty(): boolean {
    return this.first === this.batches.length;
  }

  /** True when the next request is the first one of what a client sent at once. */
  get isBetweenBatches(): boolean {
    return this.isEmpty || this.batches[this.first]!.at === 0;
  }

  /** Takes the next request, which must be there, and puts its answer behind the group's. */
  takeOne(core: WriterCore, answers: GroupAnswers): void {
    const batch = this.batches[this.first]!;
    const { bytes } = batch;
    const kind = bytes[batch.at];
    const start = batch.at + REQUEST_HEADER_BYTES;
    const end = requestEnd(batch);
    const numbers = answers.answer(batch.port);
    if (kind === REQUEST.submit || kind === REQUEST.dryRun) {
      if (batch.at >= batch.readTo) readAhead(batch, core.readAhead);
      core.submit(bytes, start, end, kind === REQUEST.dryRun);
      this.answerSubmit(core, numbers);
    } else {
      for (let at = start; at < end; at += ID_BYTES) {
        this.id.read(bytes, at);
        if (kind === REQUEST.accounts) this.answerAccount(core, numbers);
        else if (kind === REQUEST.tallies) this.answerTally(core, numbers);
        else this.answerEntry(core, numbers);
      }
    }
    batch.at = end;
    if (end >= bytes.length) this.next();
  }

  /** Tells everybody who waits that nothing more will be written. */
  fail({ code, message }: LedgerError): void {
    for (; !this.isEmpty; this.next()) {
      const batch = this.batches[this.first]!;
      const failure: FailureMessage = { failed: { code, message }, requests: 0 };
      for (; batch.at < batch.bytes.length; batch.at = requestEnd(batch)) failure.requests++;
      batch.port.postMessage(failure);
    }
  }

  private next(): void {
    this.first++;
    if (this.first < 64 && !this.isEmpty) return;
    this.batches = this.batches.slice(this.first);
    this.first = 0;
  }

  private readonly source: AnswerSource = {
    position: 0,
    timestampUs: 0,
    businessDate: 0,
    failedIndex: -1,
    outcomes: new NumberList(),
    tallies: new NumberList(),
  };

  private answerSubmit(core: WriterCore, numbers: NumberList): void {
    const { source } = this;
    const { outcome } = core;
    if (outcome.recordedPosition > 0) {
      putAnswer(numbers, outcome, core.recorded);
      return;
    }
    const { position } = core.state;
    source.position = core.recordedLast ? position : 0;
    source.timestampUs = core.timestampOf(core.recordedLast ? position : position + 1);
    source.businessDate = outcome.businessDate;
    source.failedIndex = outcome.failedIndex;
    source.outcomes = outcome.outcomes;
    source.tallies = outcome.tallies;
    putAnswer(numbers, outcome, source);
  }

  private answerAccount(core: WriterCore, numbers: NumberList): void {
    const { accounts } = core.state;
    const row = accounts.find(this.id);
    let at = numbers.extend(ACCOUNT_NUMBERS);
    const { values } = numbers;
    values.fill(0, at, at + ACCOUNT_NUMBERS);
    if (row < 0) return;
    values[at++] = 1;
    values[at++] = accounts.ledger(row);
    values[at++] = accounts.code(row);
    values[at++] = accounts.flags(row);
    const balances = accounts.numbersOf(row);
    const from = accounts.balancesAt(row);
    for (let i = 0; i < 4; i++) values[at++] = balances[from + i]!;
  }

  private answerTally(core: WriterCore, numbers: NumberList): void {
    const { tallies, institutions } = core.state;
    const row = tallies.find(this.id);
    const zero = row < 0 || isTallyForgotten(tallies, institutions, row);
    const at = numbers.extend(TALLY_ANSWER_NUMBERS);
    numbers.values[at] = zero ? 0 : tallies.amountFen(row);
    numbers.values[at + 1] = zero ? 0 : tallies.count(row);
  }

  private answerEntry(core: WriterCore, numbers: NumberList): void {
    const found = core.lookUp(this.id);
    const at = numbers.extend(ENTRY_NUMBERS);
    numbers.values[at] = found?.position ?? 0;
    numbers.values[at + 1] = found?.status ?? 0;
  }
}

function readAhead(batch: Batch, ahead: ReadAhead): void {
  const { bytes } = batch;
  if (bytes.length < WORTH_READING_AHEAD) {
    batch.readTo = bytes.length;
    return;
  }
  let at = batch.at;
  for (let left = ENTRIES_AHEAD; left > 0 && at < bytes.length; left--) {
    const end = endOf(bytes, at);
    ahead.add(bytes, at + REQUEST_HEADER_BYTES, end);
    at = end;
  }
  batch.readTo = at;
  ahead.finish();
}

function requestEnd({ bytes, at }: Batch): number {
  return endOf(bytes, at);
}

function endOf(bytes: Uint8Array, at: number): number {
  const length =
    bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 24);
  return at + REQUEST_HEADER_BYTES + length;
}
