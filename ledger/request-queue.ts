/**
 * The writer's side of its clients: takes their buffers apart, feeds the entries to the core group by
 * group, and posts the answers once the group is on disk.
 */
import type { MessagePort } from 'node:worker_threads';
import { IdWords } from './entry-view.ts';
import { LedgerError } from './errors.ts';
import { ID_BYTES } from './id.ts';
import {
  ACCOUNT_NUMBERS,
  type AnswerSource,
  ENTRY_NUMBERS,
  putAnswer,
  REQUEST,
  REQUEST_HEADER_BYTES,
  TALLY_ANSWER_NUMBERS,
} from './messages-between-threads.ts';
import { NumberList } from './outcome.ts';
import { isTallyForgotten } from './tally-rules.ts';
import type { WriterCore } from './writer-core.ts';

/** A group ends at so many records or so many bytes, whichever comes first. */
const GROUP_RECORDS = 8192;
const GROUP_BYTES = 4 << 20;

interface Batch {
  port: MessagePort;
  bytes: Uint8Array;
  at: number;
}

/** Answers of the group at hand to one port. */
interface Answers {
  numbers: NumberList;
  requests: number;
}

export class RequestQueue {
  private readonly core: WriterCore;
  private readonly batches: Batch[] = [];
  private readonly answers = new Map<MessagePort, Answers>();
  private readonly id = new IdWords();
  /** Called between the commit of a group that changed the registry and its answers. */
  private readonly onRegistryChange: () => void;

  constructor(core: WriterCore, onRegistryChange: () => void) {
    this.core = core;
    this.onRegistryChange = onRegistryChange;
  }

  add(port: MessagePort, bytes: Uint8Array): void {
    this.batches.push({ port, bytes, at: 0 });
  }

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  /**
   * Takes one group of what has arrived, commits it, answers it. Throws LedgerError after it told
   * the group's clients, when the group could not be written.
   */
  runGroup(nowUs: number): void {
    const { core } = this;
    core.begin(nowUs);
    while (core.count < GROUP_RECORDS && core.size < GROUP_BYTES) {
      const batch = this.batches[0];
      if (batch === undefined) break;
      if (batch.at >= batch.bytes.length) this.batches.shift();
      else this.request(batch);
    }
    try {
      core.commit();
    } catch (error) {
      if (error instanceof LedgerError) this.postFailure(error);
      throw error;
    }
    if (core.changesRegistry) this.onRegistryChange();
    this.postAnswers();
  }

  /** Tells everybody who waits that nothing more will be written. */
  fail(error: LedgerError): void {
    for (const batch of this.batches.splice(0)) {
      while (batch.at < batch.bytes.length) {
        this.answersOf(batch.port).requests++;
        batch.at = requestEnd(batch);
      }
    }
    this.postFailure(error);
  }

  /** Hands over what has not been taken yet. */
  moveTo(other: RequestQueue): void {
    other.batches.push(...this.batches.splice(0));
  }

  private request(batch: Batch): void {
    const { bytes } = batch;
    const kind = bytes[batch.at];
    const start = batch.at + REQUEST_HEADER_BYTES;
    const end = requestEnd(batch);
    const answers = this.answersOf(batch.port);
    if (kind === REQUEST.submit || kind === REQUEST.dryRun) {
      this.core.submit(bytes, start, end, kind === REQUEST.dryRun);
      this.answerSubmit(answers.numbers);
    } else {
      for (let at = start; at < end; at += ID_BYTES) {
        this.id.read(bytes, at);
        if (kind === REQUEST.accounts) this.answerAccount(answers.numbers);
        else if (kind === REQUEST.tallies) this.answerTally(answers.numbers);
        else this.answerEntry(answers.numbers);
      }
    }
    answers.requests++;
    batch.at = end;
  }

  private answersOf(port: MessagePort): Answers {
    let answers = this.answers.get(port);
    if (answers === undefined) {
      answers = { numbers: new NumberList(), requests: 0 };
      this.answers.set(port, answers);
    }
    return answers;
  }

  private readonly source: AnswerSource = {
    position: 0,
    timestampUs: 0,
    businessDate: 0,
    failedIndex: -1,
    outcomes: new NumberList(),
    tallies: new NumberList(),
  };

  private answerSubmit(numbers: NumberList): void {
    const { core, source } = this;
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

  private answerAccount(numbers: NumberList): void {
    const { accounts } = this.core.state;
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

  private answerTally(numbers: NumberList): void {
    const { tallies, institutions } = this.core.state;
    const row = tallies.find(this.id);
    const zero = row < 0 || isTallyForgotten(tallies, institutions, row);
    const at = numbers.extend(TALLY_ANSWER_NUMBERS);
    numbers.values[at] = zero ? 0 : tallies.amountFen(row);
    numbers.values[at + 1] = zero ? 0 : tallies.count(row);
  }

  private answerEntry(numbers: NumberList): void {
    const found = this.core.lookUp(this.id);
    const at = numbers.extend(ENTRY_NUMBERS);
    numbers.values[at] = found?.position ?? 0;
    numbers.values[at + 1] = found?.status ?? 0;
  }

  private postAnswers(): void {
    for (const [port, { numbers, requests }] of this.answers) {
      if (requests === 0) continue;
      const message = numbers.values.slice(0, numbers.length);
      port.postMessage(message, [message.buffer]);
    }
    this.answers.clear();
  }

  private postFailure({ code, message }: LedgerError): void {
    for (const [port, { requests }] of this.answers) {
      if (requests > 0) port.postMessage({ failed: { code, message }, requests });
    }
    this.answers.clear();
  }
}

function requestEnd({ bytes, at }: Batch): number {
  const length =
    bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 24);
  return at + REQUEST_HEADER_BYTES + length;
}
