/**
 * A request's way through the switch: bytes in, bytes out.
 *
 * envelope → message → which transaction → who sent it → MAC → checks → ledger → answer → MAC
 */
import { createHash } from 'node:crypto';
import { HsmError } from '../hsm/errors.ts';
import type { StoredKey } from '../hsm/types.ts';
import { LedgerError } from '../ledger/errors.ts';
import { ProtocolError } from '../protocols/error.ts';
import { joinEnvelope, replyTpdu, splitEnvelope } from '../protocols/framing/envelope.ts';
import type { Framing } from '../protocols/framing/framing.ts';
import type { Codec, FieldValues, Message } from '../protocols/iso8583/message.ts';
import { macAlgorithm, verifyRequestMac } from './checks/mac.ts';
import { requestId } from './entry-ids.ts';
import { PreparedAnswers } from './prepared-answers.ts';
import { recordRequest } from './recording.ts';
import { Refusal, require } from './refusal.ts';
import type { Services } from './services.ts';
import { type Field60, readField60 } from './transactions/field60.ts';
import { isRecorded, type Outcome, type Request, type TransactionRow } from './transactions/row.ts';
import { findRow } from './transactions/table.ts';

export interface ProcessorOptions {
  listener: string;
  codec: Codec;
  framing: Framing;
  tpduReply: 'swap' | 'echo';
  macOnDecline: boolean;
  reversalNotFound: '00' | '25';
}

/** What happened to one request, for log and metrics. */
export interface ProcessedRequest {
  message: Message;
  kind: string;
  terminalId: string;
  responseCode: string;
  rule: string;
  position: number;
  durationMs: number;
}

/** What is known of a request so far; an answer is made from it however far that got. */
interface Progress {
  message: Message;
  row: TransactionRow | null;
  field60: Field60 | null;
  request: Request | null;
  macKey: StoredKey | null;
}

const NO_MAC = new Uint8Array(8);

/** Field 63.1 of approved answers. */
const CARD_ORGANISATION = Buffer.from('CUP', 'latin1');

export class RequestProcessor {
  readonly #services: Services;
  readonly #options: ProcessorOptions;
  readonly #processed: (processed: ProcessedRequest) => void;
  readonly #answers: PreparedAnswers;

  constructor(
    services: Services,
    options: ProcessorOptions,
    processed: (processed: ProcessedRequest) => void,
  ) {
    this.#services = services;
    this.#options = options;
    this.#processed = processed;
    this.#answers = new PreparedAnswers(options.codec);
  }

  /**
   * The answer to a frame, with its length prefix. Throws ProtocolError for bytes that are no request:
   * they get no answer, the sender loses its connection.
   */
  async handle(frame: Uint8Array): Promise<Buffer> {
    const startedMs = performance.now();
    const { codec, framing, tpduReply } = this.#options;
    const envelope = splitEnvelope(frame, framing);
    const message = codec.decode(envelope.body);
    if (!isRequestType(message.mti)) {
      throw new ProtocolError('bad-mti', `${message.mti} is not the type of a request`);
    }
    const progress: Progress = { message, row: null, field60: null, request: null, macKey: null };
    const outcome = await this.#decide(progress, frame);
    const body = await this.#answer(progress, outcome);
    this.#processed({
      message,
      kind: progress.row?.kind ?? 'unknown',
      terminalId: progress.request?.terminalId ?? '',
      responseCode: outcome.responseCode,
      rule: outcome.rule,
      position: outcome.position,
      durationMs: performance.now() - startedMs,
    });
    return joinEnvelope(framing, replyTpdu(envelope.tpdu, tpduReply), envelope.header, body);
  }

  /** Whatever goes wrong with the request ends here as an outcome with a code and a rule. */
  async #decide(progress: Progress, frame: Uint8Array): Promise<Outcome> {
    try {
      return await this.#perform(progress, frame);
    } catch (error) {
      const refusal = refusalOf(error);
      return {
        responseCode: refusal.responseCode,
        rule: refusal.rule,
        position: 0,
        timestampUs: Date.now() * 1_000,
        businessDate: '',
      };
    }
  }

  async #perform(progress: Progress, frame: Uint8Array): Promise<Outcome> {
    const { message } = progress;
    progress.field60 = readField60(message.get(60));
    progress.row = findRow(message, progress.field60);
    require(progress.row !== null, '12', 'transaction-unknown');
    const { row } = progress;
    const request = this.#identify(message, row, progress.field60);
    progress.request = request;
    require(!row.signedIn || request.terminal.value.signedIn, '97', 'terminal-not-signed-in');
    if (row.mac) {
      progress.macKey = await verifyRequestMac(message, request.terminal.value, this.#services);
    }
    const refused = refusalOfChecks(request);
    if (isRecorded(row)) {
      const wireHash = createHash('sha256').update(frame).digest();
      const outcome = await recordRequest(request, row, refused, wireHash, this.#services);
      const notFound = outcome.rule === 'original-not-found' && row.kind === 'reversal';
      return notFound ? { ...outcome, responseCode: this.#options.reversalNotFound } : outcome;
    }
    if (refused !== null) throw refused;
    const set = await row.perform(request, this.#services);
    const timestampUs = Date.now() * 1_000;
    return { responseCode: '00', rule: '', position: 0, timestampUs, businessDate: '', set };
  }

  /** The terminal and merchant of the request, as the registry knows them. */
  #identify(message: Message, row: TransactionRow, field60: Field60 | null): Request {
    const terminalId = message.get(41);
    const merchantId = message.get(42);
    require(terminalId !== undefined && merchantId !== undefined, '30', 'terminal-missing');
    require(field60 !== null, '30', 'field-60-missing');
    const { registry } = this.#services.reader;
    const terminal = registry.get('terminal', terminalId);
    require(terminal !== null && terminal.value.status === 'active', '97', 'terminal-unknown');
    require(terminal.value.merchantId === merchantId, '03', 'merchant-differs');
    const merchant = registry.get('merchant', merchantId);
    require(merchant !== null && merchant.value.status === 'active', '03', 'merchant-unknown');
    const traceNumber = message.get(11) ?? '000000';
    return {
      message,
      row,
      field60,
      terminalId,
      merchantId,
      terminal,
      merchant: merchant.value,
      traceNumber,
      amountFen: Number(message.get(4) ?? 0),
      entryId: requestId(terminalId, field60.batchNumber, traceNumber, message.mti),
      listener: this.#options.listener,
    };
  }

  async #answer(progress: Progress, outcome: Outcome): Promise<Buffer> {
    const { message, row, macKey, request } = progress;
    const { codec, macOnDecline } = this.#options;
    const approved = outcome.responseCode === '00';
    const keep = row === null ? message.fields().filter(isSafeToEcho) : [...row.keep];
    if (approved) keep.push(...(row?.keepApproved ?? []));
    const withMac = macKey !== null && (approved || macOnDecline);
    const set: FieldValues = {
      ...this.#hostFields(progress, outcome),
      ...outcome.set,
      ...(withMac ? { 64: NO_MAC } : {}),
    };
    const body =
      row === null
        ? codec.answer(message, answerTypeOf(message), keep, set)
        : this.#answers.build(message, row.answerType, keep, set);
    if (withMac && request !== null) {
      const input = body.subarray(0, body.length - NO_MAC.length);
      const algorithm = macAlgorithm(request.terminal.value);
      body.set(await this.#services.hsm.generateMac(macKey, algorithm, input), input.length);
    }
    return body;
  }

  /** The fields that the host fills in. */
  #hostFields({ message, row, request }: Progress, outcome: Outcome): FieldValues {
    const approved = outcome.responseCode === '00';
    const institution =
      request === null ? null : this.#services.institutions.get(request.terminal.value.institution);
    const local = institution?.time.localFields(Math.floor(outcome.timestampUs / 1_000));
    const trace = message.get(11) ?? '000000';
    return {
      12: local?.time,
      13: local?.date,
      15: outcome.businessDate === '' ? undefined : outcome.businessDate.slice(4),
      32: institution?.acquirerId,
      37: outcome.position > 0 ? reference(outcome.position) : `${local?.time ?? '000000'}${trace}`,
      38:
        approved && row?.mac && outcome.position > 0 ? authorisation(outcome.position) : undefined,
      39: outcome.responseCode,
      44:
        approved && row?.mac && institution !== null
          ? `${institution.issuerId.padEnd(11)}${institution.acquirerId.padEnd(11)}   `
          : undefined,
      63: approved && row?.mac ? CARD_ORGANISATION : undefined,
    };
  }
}

/** Field 37: the journal position, so that a void or refund finds its original at once. */
function reference(position: number): string {
  return String(position).padStart(12, '0');
}

/** Field 38: six characters that go with the position; a repeat gets the same. */
function authorisation(position: number): string {
  return String(position % 1_000_000).padStart(6, '0');
}

/** Checks that come after the MAC and before the transaction's own, as data for a recorded refusal. */
function refusalOfChecks({ message, row, field60, terminal }: Request): Refusal | null {
  const missing = row.required.find((field) => !message.has(field));
  if (missing !== undefined) return new Refusal('30', `field-${missing}-missing`);
  if (row.openBatch && field60.batchNumber !== terminal.value.batchNumber) {
    return new Refusal('77', 'batch-not-open');
  }
  return null;
}

/** Turns what may go wrong outside of us into a refusal; anything else is our fault and goes on. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof ProtocolError) return new Refusal('30', `field-${error.field}-unreadable`);
  if (error instanceof HsmError) return new Refusal('96', `hsm-${error.code}`);
  if (error instanceof LedgerError && error.code === 'disk_full') {
    return new Refusal('96', 'ledger-disk-full');
  }
  throw error;
}

/** Request types have an even third digit: 0200 is asked, 0210 is answered. */
function isRequestType(messageType: string): boolean {
  return Number(messageType[2]) % 2 === 0;
}

/** The type of the answer to a message that no row knows: its third digit is one higher. */
function answerTypeOf({ mti }: Message): string {
  return `${mti.slice(0, 2)}${Number(mti[2]) + 1}${mti[3]}`;
}

/** What an answer to an unknown transaction may repeat: nothing secret, nothing long. */
function isSafeToEcho(field: number): boolean {
  return [3, 11, 25, 41, 42, 49, 60].includes(field);
}
