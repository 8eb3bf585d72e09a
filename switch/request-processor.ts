/**
 * A request's way through the switch: bytes in, bytes out.
 *
 * envelope → message → which transaction → who sent it → MAC → checks → ledger → answer → MAC
 */
import { hash } from 'node:crypto';
import { HsmError } from '../hsm/errors.ts';
import { LedgerError } from '../ledger/errors.ts';
import { ProtocolError } from '../protocols/error.ts';
import { joinEnvelope, replyTpdu, splitEnvelope } from '../protocols/framing/envelope.ts';
import type { Framing } from '../protocols/framing/framing.ts';
import type { Codec, Message } from '../protocols/iso8583/message.ts';
import { AnswerWriter, type Progress } from './answer-writer.ts';
import { refusalOfCardData } from './checks/card-data.ts';
import { withClearTracks } from './checks/clear-tracks.ts';
import { verifyRequestMac } from './checks/mac.ts';
import { noteProven } from './checks/proven-keys.ts';
import type { Sm4PinCarrier } from './checks/sm4-pin.ts';
import { refusalOfControls } from './controls/request-checks.ts';
import { requestId } from './entry-ids.ts';
import { performUnrecorded, recordRequest } from './recording.ts';
import { Refusal, require } from './refusal.ts';
import { performAtHost, recordAtHost } from './routed/process.ts';
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
  /** Requests of this listener that one worker has under way at once. */
  requestsInFlightMax: number;
  sm4PinCarrier: Sm4PinCarrier;
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

/** A frame as it came in. */
interface SentFrame {
  frame: Uint8Array;
  remoteAddress: string;
  /** Too much was under way when it came. */
  busy: boolean;
}

export class RequestProcessor {
  readonly #services: Services;
  readonly #options: ProcessorOptions;
  readonly #processed: (processed: ProcessedRequest) => void;
  readonly #answers: AnswerWriter;
  #underWay = 0;

  constructor(
    services: Services,
    options: ProcessorOptions,
    processed: (processed: ProcessedRequest) => void,
  ) {
    this.#services = services;
    this.#options = options;
    this.#processed = processed;
    this.#answers = new AnswerWriter(options.codec, services, options.macOnDecline);
  }

  /**
   * The answer to a frame, with its length prefix. Throws ProtocolError for bytes that are no request:
   * they get no answer, the sender loses its connection.
   */
  async handle(frame: Uint8Array, remoteAddress: string): Promise<Buffer> {
    const startedMs = performance.now();
    const { codec, framing, tpduReply } = this.#options;
    const envelope = splitEnvelope(frame, framing);
    const message = codec.decode(envelope.body);
    if (!isRequestType(message.mti)) {
      throw new ProtocolError('bad-mti', `${message.mti} is not the type of a request`);
    }
    const progress: Progress = { message, row: null, field60: null, request: null, macKey: null };
    this.#underWay++;
    const busy = this.#underWay > this.#options.requestsInFlightMax;
    const sent = { frame, remoteAddress, busy };
    const outcome = await this.#decide(progress, sent);
    this.#underWay--;
    const body = await this.#answers.write(progress, outcome);
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
  async #decide(progress: Progress, sent: SentFrame): Promise<Outcome> {
    try {
      return await this.#perform(progress, sent);
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

  async #perform(progress: Progress, sent: SentFrame): Promise<Outcome> {
    const { message } = progress;
    progress.field60 = readField60(message.get(60));
    progress.row = findRow(message, progress.field60);
    require(progress.row !== null, '12', 'transaction-unknown');
    const { row } = progress;
    // The MAC does not cover them, so nobody says that they belong to the message.
    require(message.trailing.length === 0, '30', 'bytes-behind-the-message');
    const request = this.#identify(message, row, progress.field60, sent.remoteAddress);
    progress.request = request;
    const { signedIn } = request.terminal.value;
    require(signedIn || !row.signedIn, '97', 'terminal-not-signed-in');
    if (row.mac) {
      const proven = await verifyRequestMac(message, request.terminal.value, this.#services);
      progress.macKey = proven.macKey;
      request.workingKeys = proven.keys;
      await noteProven(request, proven.keys, this.#services);
      request.message = await withClearTracks(request, this.#services);
    }
    const refused = refusalOfChecks(request) ?? refusalOfControls(request, this.#services);
    // Better told at once to try again than left to a time-out. Nothing is recorded: the repeat is a first time.
    require(!sent.busy, '96', 'system-busy');
    request.route = this.#services.hosts.router.route(request);
    if (isRecorded(row)) {
      const wireHash = hash('sha256', sent.frame, 'buffer');
      if (request.route !== null) {
        return recordAtHost(request, row, refused, wireHash, this.#services);
      }
      const outcome = await recordRequest(request, row, refused, wireHash, this.#services);
      const notFound = outcome.rule === 'original-not-found' && row.kind === 'reversal';
      return notFound ? { ...outcome, responseCode: this.#options.reversalNotFound } : outcome;
    }
    if (refused !== null) throw refused;
    if (request.route !== null) return performAtHost(request, row, this.#services);
    const set = await performUnrecorded(request, row, this.#services);
    const timestampUs = Date.now() * 1_000;
    return { responseCode: '00', rule: '', position: 0, timestampUs, businessDate: '', set };
  }

  /** The terminal and merchant of the request, as the registry knows them. */
  #identify(
    message: Message,
    row: TransactionRow,
    field60: Field60 | null,
    remoteAddress: string,
  ): Request {
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
      remoteAddress,
      sm4PinCarrier: this.#options.sm4PinCarrier,
      workingKeys: [],
      route: null,
      changes: undefined,
    };
  }
}

/** Checks that come after the MAC and before the transaction's own, as data for a recorded refusal. */
function refusalOfChecks({ message, row, field60, terminal }: Request): Refusal | null {
  const missing = row.required.find((field) => !message.has(field));
  if (missing !== undefined) return new Refusal('30', `field-${missing}-missing`);
  if (row.openBatch && field60.batchNumber !== terminal.value.batchNumber) {
    return new Refusal('77', 'batch-not-open');
  }
  return refusalOfCardData(message);
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
