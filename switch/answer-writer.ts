/**
 * Answers: what the request repeats, what the host fills in, and the MAC. A terminal gets one
 * whatever happened to its request, as long as the request could be read.
 */
import type { Hsm, StoredKey } from '../hsm/types.ts';
import type { Codec, Message } from '../protocols/iso8583/message.ts';
import { macAlgorithm } from './checks/mac.ts';
import { AnswerFields, PreparedAnswers } from './prepared-answers.ts';
import { authorisationCode, reference } from './references.ts';
import type { Institutions, InstitutionView, Services } from './services.ts';
import type { Field60 } from './transactions/field60.ts';
import type { Outcome, Request, TransactionRow } from './transactions/row.ts';

/** What is known of a request so far; an answer is made from it however far that got. */
export interface Progress {
  message: Message;
  row: TransactionRow | null;
  field60: Field60 | null;
  request: Request | null;
  /** The key that the request's MAC was right with: the answer's MAC is made with it too. */
  macKey: StoredKey | null;
}

const NO_MAC = new Uint8Array(8);

/** Field 63.1 of approved answers. */
const CARD_ORGANISATION = Buffer.from('CUP', 'latin1');

/** What an answer to an unknown transaction may repeat: nothing secret, nothing long. */
const SAFE_TO_ECHO = [3, 11, 25, 41, 42, 49, 60];

export class AnswerWriter {
  readonly #codec: Codec;
  readonly #hsm: Hsm;
  readonly #institutions: Institutions;
  readonly #macOnDecline: boolean;
  readonly #prepared: PreparedAnswers;

  constructor(codec: Codec, { hsm, institutions }: Services, macOnDecline: boolean) {
    this.#codec = codec;
    this.#hsm = hsm;
    this.#institutions = institutions;
    this.#macOnDecline = macOnDecline;
    this.#prepared = new PreparedAnswers(codec);
  }

  /** The answer's body, with its MAC when the request had a right one. */
  async write(progress: Progress, outcome: Outcome): Promise<Buffer> {
    const { message, row, macKey, request } = progress;
    const approved = outcome.responseCode === '00';
    const withMac = macKey !== null && (approved || this.#macOnDecline);
    const fields = this.#hostFields(progress, outcome, approved);
    if (outcome.set !== undefined) {
      for (const [field, value] of Object.entries(outcome.set)) fields.add(Number(field), value);
    }
    if (withMac) fields.add(64, NO_MAC);
    if (row === null) return this.#unknown(message, fields);
    const body = this.#prepared.build(message, row, approved, fields);
    if (!withMac || request === null) return body;
    const input = body.subarray(0, body.length - NO_MAC.length);
    const algorithm = macAlgorithm(request.terminal.value);
    body.set(await this.#hsm.generateMac(macKey, algorithm, input), input.length);
    return body;
  }

  /** The answer to a transaction that no row knows: its type is the next one. */
  #unknown(message: Message, { numbers, values }: AnswerFields): Buffer {
    const { mti } = message;
    const answerType = `${mti.slice(0, 2)}${Number(mti[2]) + 1}${mti[3]}`;
    const set = Object.fromEntries(numbers.map((number, at) => [number, values[at]]));
    return this.#codec.answer(message, answerType, SAFE_TO_ECHO, set);
  }

  /** The fields that the host fills in. */
  #hostFields(
    { message, row, request }: Progress,
    outcome: Outcome,
    approved: boolean,
  ): AnswerFields {
    const { position, timestampUs, businessDate, responseCode } = outcome;
    const fields = new AnswerFields();
    const financial = row?.mac === true && approved;
    const institution =
      request === null
        ? this.#institutions.ofStranger(message.get(41) ?? '')
        : this.#institutionOf(request);
    const local = institution?.time.localFields(Math.floor(timestampUs / 1_000));
    fields.add(12, local?.time);
    fields.add(13, local?.date);
    if (businessDate !== '') fields.add(15, businessDate.slice(4));
    fields.add(32, institution?.acquirerId);
    const trace = message.get(11) ?? '000000';
    fields.add(37, position > 0 ? reference(position) : `${local?.time ?? '000000'}${trace}`);
    if (financial && position > 0) fields.add(38, authorisationCode(position));
    fields.add(39, responseCode);
    if (financial) fields.add(44, institution?.additionalResponse);
    if (financial) fields.add(63, CARD_ORGANISATION);
    return fields;
  }

  #institutionOf({ terminal }: Request): InstitutionView {
    return this.#institutions.get(terminal.value.institution);
  }
}
