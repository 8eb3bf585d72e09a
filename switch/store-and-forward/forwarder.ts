/**
 * Tells hosts what they must still be told, until they have confirmed it or an operator has it. What
 * is owed is in the journal; this keeps only when the next attempt is due.
 */
import type { HostConfig } from '../../config/schema.ts';
import type { JournalRecord } from '../../ledger/types.ts';
import { isAccepted } from '../../protocols/dialects/cup-responses.ts';
import { backOffMs } from '../hosts/connections.ts';
import type { HostReply, HostRequest } from '../hosts/messages.ts';
import type { Logger } from '../log.ts';
import { askedOf, type LedgerAndReader } from '../routed/asked.ts';
import { approvalOf, settle } from '../routed/settle.ts';
import { PART_APPROVED, verdictOf } from '../routed/verdict.ts';
import type { Institutions } from '../services.ts';
import type { ForwardingHost } from './forwarding-host.ts';
import { messageOf } from './messages.ts';
import { ForwardQueue, type Waiting } from './queue.ts';
import { type Ending, endingEntry, type Obligation, obligationOf } from './records.ts';
import { Turns } from './turns.ts';

const MS_PER_HOUR = 3_600_000;

export interface ForwarderParts extends LedgerAndReader {
  institutions: Institutions;
  hosts: ReadonlyMap<string, ForwardingHost>;
  log: Logger;
}

/** What an answer means to the obligation. */
type Meaning = { done: true; reason: string } | { done: false; retry: boolean; reason: string };

export class Forwarder {
  readonly #parts: ForwarderParts;
  readonly #queue = new ForwardQueue();
  readonly #turns: Turns;
  #stopping = false;

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
    this.#turns = new Turns(this.#queue, parts);
  }

  /** Takes on what a record obliges us to. */
  add(record: JournalRecord, withOperator = false): void {
    const obligation = obligationOf(record, (position) => this.#parts.reader.record(position));
    if (obligation !== null) this.#queue.add(obligation, withOperator);
  }

  /** The oldest record that something is owed for, or null. */
  get oldest(): number | null {
    return this.#queue.all()[0]?.obligation.position ?? null;
  }

  /** Whether the host is still to be told that this transaction is undone. */
  owesReversalOf(subject: number): boolean {
    return this.#queue
      .all()
      .some(({ obligation }) => obligation.sort === 'reversal' && obligation.subject === subject);
  }

  counts(): { waiting: number; withOperator: number } {
    const withOperator = this.#queue.all().filter((one) => one.withOperator).length;
    return { waiting: this.#queue.size - withOperator, withOperator };
  }

  /** Asks a host in a worker's name; what is owed for the same transaction goes before it. */
  ask(request: HostRequest, host: ForwardingHost): Promise<HostReply> {
    return this.#turns.ask(request, host, performance.now());
  }

  sweep(nowMs: number): void {
    if (this.#stopping) return;
    this.#turns.release(nowMs);
    for (const waiting of this.#queue.due(nowMs)) {
      const { host: name, timestampUs } = waiting.obligation;
      if (this.#turns.isAskedBefore(waiting.obligation)) continue;
      const host = this.#parts.hosts.get(name);
      if (host === undefined) {
        waiting.sending = true;
        void this.#end(waiting, 'handed-to-operator', 'the host is not configured any more');
      } else if (isTooOld(timestampUs, host.config)) {
        waiting.sending = true;
        void this.#end(waiting, 'handed-to-operator', `no answer: ${waiting.lastProblem}`);
      } else if (host.isUp) {
        waiting.sending = true;
        void this.#attempt(waiting, host);
      }
    }
  }

  stop(): void {
    this.#stopping = true;
    this.#turns.stop();
  }

  /** For operators. */
  list(): object[] {
    return this.#queue.all().map(({ obligation, attempts, lastProblem, withOperator }) => ({
      position: obligation.position,
      sort: obligation.sort,
      host: obligation.host,
      terminalId: obligation.terminalId,
      reference: String(obligation.subject).padStart(12, '0'),
      since: new Date(obligation.timestampUs / 1_000).toISOString(),
      state: withOperator ? 'with-operator' : 'waiting',
      attempts,
      lastProblem,
    }));
  }

  /** Sends it at once, also when an operator had it. Throws when there is no such obligation. */
  retry(position: number): void {
    const waiting = this.#get(position);
    waiting.withOperator = false;
    waiting.dueMs = 0;
  }

  /** An operator says that it is settled otherwise. */
  async close(position: number, who: string, reason: string): Promise<void> {
    const waiting = this.#get(position);
    if (waiting.obligation.sort === 'repeat') {
      throw new Error(
        'a request that holds money ends with the answer of the host alone: retry it',
      );
    }
    await this.#end(waiting, 'closed-by-hand', reason, { who });
  }

  #get(position: number): Waiting {
    const waiting = this.#queue.get(position);
    if (waiting === undefined) throw new Error(`nothing is owed for position ${position}`);
    return waiting;
  }

  async #attempt(waiting: Waiting, host: ForwardingHost): Promise<void> {
    const { obligation } = waiting;
    const { reader, institutions } = this.#parts;
    const { config } = host;
    const subject = reader.record(obligation.subject);
    if (subject === null) throw new Error(`position ${obligation.subject} is not in the journal`);
    const recordAt = (position: number) => (position > 0 ? reader.record(position) : null);
    const institution = institutions.get(obligation.institution);
    const message = messageOf(obligation, subject, recordAt, institution);
    const reply = await host.ask(message);
    if (this.#stopping) return;
    const meaning = meaningOf(reply, obligation, config);
    if (!meaning.done && meaning.retry) {
      this.#later(waiting, meaning.reason, config);
      return;
    }
    if (meaning.done && obligation.sort === 'repeat') {
      await this.#resolve(subject, reply, message, config);
    }
    const code = reply.state === 'answered' ? { responseCode: reply.fields[39] ?? '' } : {};
    const how = meaning.done ? 'answered' : 'handed-to-operator';
    await this.#end(waiting, how, meaning.reason, code);
  }

  /** The answer to a repeated request resolves it, and may oblige us to undo it. */
  async #resolve(
    subject: JournalRecord,
    reply: HostReply,
    { fields }: HostRequest,
    { responseCodes }: HostConfig,
  ): Promise<void> {
    const asked = askedOf(subject);
    if (asked === null) throw new Error(`position ${subject.position} was not asked of a host`);
    const amount = typeof fields[4] === 'string' ? fields[4] : undefined;
    const verdict = verdictOf(reply, amount, responseCodes);
    const record = await settle(asked, verdict, async () => approvalOf(asked), this.#parts);
    if (record !== null) this.add(record);
  }

  #later(waiting: Waiting, problem: string, { storeAndForward }: HostConfig): void {
    const { firstMs, maxMs } = storeAndForward;
    waiting.sending = false;
    waiting.lastProblem = problem;
    waiting.dueMs = performance.now() + backOffMs(waiting.attempts++, firstMs, maxMs);
  }

  async #end(
    waiting: Waiting,
    how: Ending['how'],
    reason: string,
    details: Partial<Ending> = {},
  ): Promise<void> {
    const { obligation } = waiting;
    const { position, sort, host } = obligation;
    const ending: Ending = { obligation: position, how, reason, ...details };
    const { status } = await this.#parts.ledger.submit(endingEntry(obligation, ending));
    if (status !== 'applied' && !status.startsWith('exists')) {
      throw new Error(`position ${position}: its end cannot be recorded (${status})`);
    }
    this.#parts.log.info({ position, sort, host, how, reason }, 'store and forward');
    if (how === 'handed-to-operator') {
      waiting.withOperator = true;
      waiting.sending = false;
      waiting.lastProblem = reason;
    } else this.#queue.remove(position);
    this.#turns.release(performance.now());
  }
}

function isTooOld(timestampUs: number, { storeAndForward }: HostConfig): boolean {
  return Date.now() - timestampUs / 1_000 > storeAndForward.giveUpHours * MS_PER_HOUR;
}

function meaningOf(reply: HostReply, { sort }: Obligation, config: HostConfig): Meaning {
  if (reply.state !== 'answered') return { done: false, retry: true, reason: reply.reason };
  const { retryCodes, reversalDoneCodes } = config.storeAndForward;
  const code = reply.fields[39] ?? '';
  const reason = `host said ${code}`;
  if (retryCodes.includes(code)) return { done: false, retry: true, reason };
  const done = {
    reversal: reversalDoneCodes.includes(code),
    // A part is not what has happened: an operator has to agree on it with the bank.
    advice: (isAccepted(code) && code !== PART_APPROVED) || code === '94',
    repeat: true,
  }[sort];
  return done ? { done, reason } : { done, retry: false, reason };
}
