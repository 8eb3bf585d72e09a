/** Answers that nobody waits for any more: matched with the journal, resolved when they can be, and explained. */
import type { HostConfig } from '../../config/schema.ts';
import { isAccepted } from '../../protocols/dialects/cup-responses.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import { type HostReply, textFields } from '../hosts/messages.ts';
import type { Logger } from '../log.ts';
import { type Asked, askedOf, type LedgerAndReader, stateOf } from '../routed/asked.ts';
import { approvalOf, settle } from '../routed/settle.ts';
import { verdictOf } from '../routed/verdict.ts';
import type { Forwarder } from './forwarder.ts';
import { lateAnswerEntry, reverseAgainEntry } from './records.ts';

export class LateAnswers {
  readonly #parts: LedgerAndReader & { log: Logger };
  readonly #forwarder: Forwarder;

  constructor(parts: LedgerAndReader & { log: Logger }, forwarder: Forwarder) {
    this.#parts = parts;
    this.#forwarder = forwarder;
  }

  /** `position` is the asked record, null when the answer does not name one. */
  async take(config: HostConfig, position: number | null, message: Message): Promise<void> {
    const { reader, log } = this.#parts;
    const asked = position === null ? null : askedOf(reader.record(position));
    const responseCode = message.get(39) ?? '';
    const about = { host: config.name, position, responseCode };
    if (asked === null || asked.host !== config.name) {
      log.warn(
        { ...about, message },
        'late answer: it names no transaction that was asked of this host',
      );
      return;
    }
    const now = await stateOf(asked, this.#parts);
    if (now.state === 'open' && asked.sort === 'repeatable') {
      const reply: HostReply = { state: 'answered', fields: textFields(message) };
      const verdict = verdictOf(reply, undefined, config.responseCodes);
      const record = await settle(asked, verdict, async () => approvalOf(asked), this.#parts);
      if (record !== null) this.#forwarder.add(record);
      log.info(about, 'late answer: the transaction was still open and is resolved by it');
      return;
    }
    const approvedBefore =
      now.state === 'resolved' && now.record.entry.fact?.transaction?.responseCode === '00';
    const findings = {
      open: 'the transaction is being given up',
      undone: 'the terminal had reversed the transaction',
      resolved: approvedBefore
        ? 'a second answer to a transaction that was answered'
        : 'the transaction had been given up; the reversal stands',
    };
    const finding = findings[now.state];
    log.warn({ ...about, finding }, 'late answer');
    if (approvedBefore) return;
    await this.#parts.ledger.submit(lateAnswerEntry(asked.record, { responseCode, finding }));
    const isBooked = isAccepted(responseCode) && asked.sort === 'reversible';
    if (isBooked && now.state !== 'open') await this.#reverseAgain(asked);
  }

  /** Once a transaction; not while the first reversal is still to be told. */
  async #reverseAgain(asked: Asked): Promise<void> {
    const { ledger, reader } = this.#parts;
    if (this.#forwarder.owesReversalOf(asked.position)) return;
    const { position } = await ledger.submit(reverseAgainEntry(asked.record));
    const record = reader.record(position);
    if (record !== null) this.#forwarder.add(record);
  }
}
