/** The door to the ledger from any thread. */
import assert from 'node:assert/strict';
import type { MessagePort } from 'node:worker_threads';
import { ByteWriter } from './bytes.ts';
import { encodeEntry } from './encode.ts';
import { EntryResults } from './entry-results.ts';
import { LedgerError, type LedgerErrorCode } from './errors.ts';
import { ID_BYTES } from './id.ts';
import {
  type AnswerMessage,
  AnswerReader,
  REQUEST,
  REQUEST_HEADER_BYTES,
} from './messages-between-threads.ts';
import { statusName } from './status.ts';
import type { Account, Entry, EntryResult, EntryStatus, Id, TallyValue } from './types.ts';

/** Who waits for the answers to one request, or to several that were made together. */
interface Waiting {
  /** Answers that have not come yet. */
  left: number;
  /** Takes up to so many answers off the reader, as many as are there; returns how many. */
  take: (answers: AnswerReader, left: number) => number;
  /** May be called more than once. */
  reject: (error: LedgerError) => void;
}

/**
 * With so many requests a message leaves before the turn ends: the writer can begin while the rest of a
 * long turn is still being worked out, and neither waits for the other. A message costs about what
 * judging a few entries does.
 */
const MESSAGE_REQUESTS = 16;

/** Entries that were submitted in one event-loop turn cross to the writer in few messages. */
export class LedgerClient {
  private readonly port: MessagePort;
  private readonly out = new ByteWriter(1 << 14);
  private flushing = false;
  /** Requests of the message at hand. */
  private gathered = 0;
  /** In the order in which the writer will answer; those before `first` are done. */
  private waiting: Waiting[] = [];
  private first = 0;
  private unanswered = 0;
  private readonly answers = new AnswerReader();
  private ended: LedgerError | null = null;

  constructor(port: MessagePort) {
    this.port = port;
    port.on('message', (message: AnswerMessage) => this.receive(message));
    port.on('close', () => {
      this.end(new LedgerError('writer_stopped', 'the ledger has stopped'));
    });
    port.unref();
  }

  /**
   * Resolves when the entry's record is on disk (at once for a dry run, which records nothing).
   * Rejects with LedgerError when the writer cannot record it.
   */
  submit(entry: Entry, options?: { dryRun?: boolean }): Promise<EntryResult> {
    assert(entry.expired === undefined, 'only the ledger itself records an expiry');
    const start = this.openRequest(options?.dryRun ? REQUEST.dryRun : REQUEST.submit);
    try {
      encodeEntry(this.out, entry);
    } catch (error) {
      this.out.length = start - REQUEST_HEADER_BYTES;
      throw error;
    }
    this.closeRequest(start);
    return new Promise((resolve, reject) => {
      const take = (answers: AnswerReader) => {
        resolve(answers.result());
        return 1;
      };
      this.wait({ left: 1, take, reject });
    });
  }

  /**
   * Submits entries together, to be recorded in their order: each stands for itself, as with `submit`,
   * but there is one promise for all. An entry is encoded before the next one is asked for, so a
   * generator may yield the same object again. Rejects when some could not be recorded; those before
   * them may be in the journal, and submitting all again is harmless.
   */
  submitMany(entries: Iterable<Entry>): Promise<EntryResults> {
    const before = this.out.length;
    let count = 0;
    try {
      for (const entry of entries) {
        assert(entry.expired === undefined, 'only the ledger itself records an expiry');
        const start = this.openRequest(REQUEST.submit);
        encodeEntry(this.out, entry);
        this.closeRequest(start);
        count++;
      }
    } catch (error) {
      this.out.length = before;
      throw error;
    }
    if (count === 0) return Promise.resolve(new EntryResults([], 0));
    return new Promise((resolve, reject) => {
      const parts: Float64Array[] = [];
      const take = (answers: AnswerReader, left: number) => {
        parts.push(answers.rest());
        const taken = answers.skip(left);
        if (taken === left) resolve(new EntryResults(parts, count));
        return taken;
      };
      this.wait({ left: count, take, reject });
    });
  }

  /** What is on disk of each account, null for one that is not open. */
  accounts(ids: Id[]): Promise<(Account | null)[]> {
    return this.lookUp(REQUEST.accounts, ids, readAccount);
  }

  /** The value of each tally; 0/0 for one that was never moved. */
  tallies(subjects: Id[]): Promise<TallyValue[]> {
    return this.lookUp(REQUEST.tallies, subjects, (_, answers) => ({
      amountFen: answers.number(),
      count: answers.number(),
    }));
  }

  /** Where the record of each entry is and how it ended; null for an unknown id. */
  entries(ids: Id[]): Promise<({ position: number; status: EntryStatus } | null)[]> {
    return this.lookUp(REQUEST.entries, ids, (_, answers) => {
      const position = answers.number();
      const status = statusName(answers.number());
      return position === 0 ? null : { position, status };
    });
  }

  /** Requests that have no answer yet. */
  get pending(): number {
    return this.unanswered;
  }

  /** Lets go of the port; what has no answer yet is rejected. */
  close(): void {
    this.port.close();
    this.end(new LedgerError('writer_stopped', 'the client was closed'));
  }

  private lookUp<Value>(
    kind: number,
    ids: Id[],
    read: (id: Id, answers: AnswerReader) => Value,
  ): Promise<Value[]> {
    if (ids.length === 0) return Promise.resolve([]);
    const start = this.openRequest(kind);
    for (const id of ids) {
      assert(id.length === ID_BYTES, `an id has ${ID_BYTES} bytes`);
      this.out.raw(id);
    }
    this.closeRequest(start);
    return new Promise((resolve, reject) => {
      const take = (answers: AnswerReader) => {
        resolve(ids.map((id) => read(id, answers)));
        return 1;
      };
      this.wait({ left: 1, take, reject });
    });
  }

  /** Starts a request; returns where its content starts. */
  private openRequest(kind: number): number {
    const { out } = this;
    out.byte(kind);
    out.uint32(0);
    return out.length;
  }

  private closeRequest(start: number): void {
    const { bytes, length } = this.out;
    const count = length - start;
    bytes[start - 4] = count & 0xff;
    bytes[start - 3] = (count >>> 8) & 0xff;
    bytes[start - 2] = (count >>> 16) & 0xff;
    bytes[start - 1] = count >>> 24;
  }

  private wait(waiting: Waiting): void {
    if (this.ended !== null) {
      this.out.length = 0;
      waiting.reject(this.ended);
      return;
    }
    if (this.unanswered === 0) this.port.ref();
    this.unanswered += waiting.left;
    this.waiting.push(waiting);
    this.gathered++;
    if (this.gathered >= MESSAGE_REQUESTS) this.send();
    else if (!this.flushing) {
      this.flushing = true;
      setImmediate(this.flush);
    }
  }

  private readonly flush = (): void => {
    this.flushing = false;
    this.send();
  };

  private send(): void {
    const { out } = this;
    this.gathered = 0;
    if (out.length === 0) return;
    const message = out.bytes.slice(0, out.length);
    out.length = 0;
    this.port.postMessage(message, [message.buffer]);
  }

  private receive(message: AnswerMessage): void {
    if (message instanceof Float64Array) {
      this.answers.reset(message);
      while (!this.answers.done) {
        const waiting = this.next();
        this.done(waiting, waiting.take(this.answers, waiting.left));
      }
    } else {
      const { code, message: text } = message.failed;
      const error = new LedgerError(code as LedgerErrorCode, text);
      for (let left = message.requests; left > 0; ) {
        const waiting = this.next();
        const failed = Math.min(left, waiting.left);
        waiting.reject(error);
        this.done(waiting, failed);
        left -= failed;
      }
    }
    if (this.unanswered === 0) this.port.unref();
  }

  private next(): Waiting {
    const waiting = this.waiting[this.first];
    assert(waiting !== undefined, 'an answer belongs to a request');
    return waiting;
  }

  private done(waiting: Waiting, count: number): void {
    waiting.left -= count;
    this.unanswered -= count;
    if (waiting.left > 0) return;
    this.first++;
    if (this.first < this.waiting.length && this.first < 4096) return;
    this.waiting = this.waiting.slice(this.first);
    this.first = 0;
  }

  private end(error: LedgerError): void {
    if (this.ended !== null) return;
    this.ended = error;
    const left = this.waiting.slice(this.first);
    this.waiting = [];
    this.first = 0;
    this.unanswered = 0;
    for (const { reject } of left) reject(error);
  }
}

function readAccount(id: Id, answers: AnswerReader): Account | null {
  const found = answers.number() === 1;
  const account = {
    id,
    ledger: answers.number(),
    code: answers.number(),
    flags: answers.number(),
    debitsPendingFen: answers.number(),
    debitsPostedFen: answers.number(),
    creditsPendingFen: answers.number(),
    creditsPostedFen: answers.number(),
  };
  return found ? account : null;
}
