/**
 * Groups on their way: one is collected while those before it are written. There is no timer: a group
 * ends when the disk can take it. So a lone entry goes at once, and under load the groups are as
 * large as the disk is slow.
 */
import assert from 'node:assert/strict';
import type { Committer } from './committer.ts';
import { LedgerError } from './errors.ts';
import { GroupAnswers } from './group-answers.ts';
import type { RequestQueue } from './request-queue.ts';
import type { WriterCore } from './writer-core.ts';

/** A group ends at so many records or so many bytes, whichever comes first. */
const GROUP_RECORDS = 8192;
const GROUP_BYTES = 4 << 20;
/** With a free disk a group ends at so many records, or at fewer where a client's batch ends. */
const READY_RECORDS = 2048;
const READY_RECORDS_OF_BATCHES = 256;
/** Groups that are handed over at once: one is written, the next one is there when it is done. */
const GROUPS_AHEAD = 2;
/** Requests between two looks at what has been written meanwhile; a power of two. */
const LOOK_EVERY = 64;

interface WaitingGroup {
  answers: GroupAnswers;
  records: number;
}

export class GroupPipeline {
  private readonly core: WriterCore;
  private readonly queue: RequestQueue;
  private readonly committer: Committer;
  private readonly onRegistryChange: () => void;
  private answers = new GroupAnswers();
  private readonly spareAnswers: GroupAnswers[] = [];
  private readonly waiting: WaitingGroup[] = [];
  private collecting = false;
  /** Whether others arrived while this thread wrote a group: from then on the other thread writes. */
  private crowded = false;

  /** onRegistryChange is called when a group that changed the registry is on disk, before its answers. */
  constructor(
    core: WriterCore,
    queue: RequestQueue,
    committer: Committer,
    onRegistryChange: () => void,
  ) {
    this.core = core;
    this.queue = queue;
    this.committer = committer;
    this.onRegistryChange = onRegistryChange;
  }

  /** True when nothing is collected and nothing is on its way. */
  get isEmpty(): boolean {
    return !this.collecting && this.waiting.length === 0;
  }

  /**
   * Judges what has arrived and writes it, here or there. `receive` puts what came meanwhile into the
   * queue. True when it should be called again soon; the committer's answers are a reason, too. Throws
   * LedgerError after it told the clients of everything that is not on disk.
   */
  run(nowUs: () => number, receive: () => void): boolean {
    try {
      this.settle();
      if (this.isEmpty) this.crowded = false;
      receive();
      for (;;) {
        this.collect(nowUs);
        if (!this.collecting || this.mustWait()) return false;
        if (!this.isForThread()) {
          this.writeHere();
          receive();
          this.crowded = !this.queue.isEmpty;
          return this.crowded;
        }
        this.handOver();
        if (this.queue.isEmpty) return false;
      }
    } catch (error) {
      if (error instanceof LedgerError) this.refuse(error);
      throw error;
    }
  }

  /** Writes everything that has arrived in this thread, once the committer has stopped. */
  finish(nowUs: () => number, receive: () => void): void {
    try {
      this.settle();
      do {
        receive();
        this.collect(nowUs);
        this.writeHere();
      } while (!this.queue.isEmpty);
    } catch (error) {
      if (error instanceof LedgerError) this.refuse(error);
      throw error;
    }
  }

  /** Takes requests into the group at hand until there are none or the group is full. */
  private collect(nowUs: () => number): void {
    const { core, queue } = this;
    if (!this.collecting) core.begin(nowUs());
    this.collecting = true;
    for (let taken = 1; !queue.isEmpty && !this.isFull(); taken++) {
      queue.takeOne(core, this.answers);
      if ((taken & (LOOK_EVERY - 1)) === 0 && this.waiting.length > 0) this.settle();
    }
    if (core.count === 0 && this.answers.isEmpty) this.collecting = false;
  }

  private isFull(): boolean {
    const { count, size } = this.core;
    if (count >= GROUP_RECORDS || size >= GROUP_BYTES) return true;
    if (count < READY_RECORDS_OF_BATCHES || this.waiting.length >= GROUPS_AHEAD) return false;
    return count >= READY_RECORDS || this.queue.isBetweenBatches;
  }

  /**
   * A second group goes behind the one that is written, so that the disk need not wait for it, unless
   * it is much smaller: then it had better grow until that one is done. One of look-ups alone waits,
   * too: what it saw must be on disk before it answers.
   */
  private mustWait(): boolean {
    const last = this.waiting.at(-1);
    if (last === undefined) return false;
    return this.waiting.length >= GROUPS_AHEAD || this.core.count * 2 < last.records;
  }

  private isForThread(): boolean {
    if (this.waiting.length > 0) return true;
    const { count } = this.core;
    const worthIt = this.crowded || !this.queue.isEmpty || count >= READY_RECORDS_OF_BATCHES;
    return count > 0 && worthIt && this.committer.isThreadReady;
  }

  private handOver(): void {
    const records = this.core.count;
    const batch = this.core.take();
    assert(batch !== null, 'only a group with records is handed over');
    this.committer.handOver(batch);
    this.waiting.push({ answers: this.answers, records });
    this.answers = this.spareAnswers.pop() ?? new GroupAnswers();
    this.collecting = false;
  }

  private writeHere(): void {
    const batch = this.core.take();
    if (batch !== null) {
      this.committer.write(batch);
      if (this.core.settled()) this.onRegistryChange();
    }
    this.answers.post();
    this.collecting = false;
  }

  /** Answers the groups that are on disk by now. Throws LedgerError when one could not be written. */
  private settle(): void {
    for (let written = this.committer.takeWritten(); written > 0; written--) {
      const first = this.waiting.shift();
      assert(first !== undefined, 'what is written was handed over');
      if (this.core.settled(true)) this.onRegistryChange();
      first.answers.post();
      this.spareAnswers.push(first.answers);
    }
    this.committer.check();
  }

  /** Tells everybody whose request was judged and is not on disk. */
  private refuse(error: LedgerError): void {
    for (const { answers } of this.waiting.splice(0)) answers.postFailure(error);
    this.answers.postFailure(error);
    this.collecting = false;
  }
}
