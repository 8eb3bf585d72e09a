/**
 * The fiscal side behind an HTTP gateway: a JSON envelope with the body in Base64 and an MD5 over the
 * application key, the values in the order of their names, and the key again. The check value guards
 * against accidents only; the line itself has to be protected (allow-list, TLS).
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Bill, PaperName } from '../bill/bill.ts';
import { totalFenOf } from '../bill/bill.ts';
import { ISSUE_KINDS } from '../bill/code-tables.ts';
import {
  type Accepted,
  type Booking,
  type FiscalBill,
  type FiscalFront,
  FrontError,
  type GivenNumber,
  type NumberRequest,
  type Segment,
  type SentBill,
} from './front.ts';
import { signatureOf } from './signature-field.ts';

export interface GatewaySettings {
  url: string;
  regionCode: string;
  agencyCode: string;
  appId: string;
  appKey: string;
  timeoutMs: number;
}

/** Names of the envelope in the order of the alphabet: that order is what the check value is over. */
const ENVELOPE_FIELDS = [
  'agency_code',
  'app_id',
  'datetime',
  'encryption',
  'format',
  'message',
  'message_id',
  'method',
  'region_code',
  'version',
] as const;

export type GatewayEnvelope = Record<(typeof ENVELOPE_FIELDS)[number], string> & {
  security: string;
};

export function gatewaySecurity(
  envelope: Record<(typeof ENVELOPE_FIELDS)[number], string>,
  appKey: string,
): string {
  const values = ENVELOPE_FIELDS.map((name) => envelope[name]).join('');
  return createHash('md5').update(`${appKey}${values}${appKey}`, 'utf8').digest('hex');
}

/** It has this bill already: what it has must be looked at, as after no answer at all. */
export const GATEWAY_DUPLICATE = 'E1001';

/** A call that was not answered in time may have been heard. */
const UNKNOWN_STATUSES = new Set([500, 502, 503, 504]);

export class HttpGatewayFront implements FiscalFront {
  readonly #settings: GatewaySettings;
  readonly #now: () => number;

  constructor(settings: GatewaySettings, now: () => number = Date.now) {
    this.#settings = settings;
    this.#now = now;
  }

  async report({ bill, original, signature }: SentBill): Promise<Accepted> {
    const answer = await this.#call('invoice.issue', {
      issue_kind: bill.kind === 'red' ? ISSUE_KINDS.red : ISSUE_KINDS.normal,
      place_code: bill.handled.pointCode,
      bill_batch_code: bill.billCode,
      bill_no: bill.billNumber,
      random: bill.checkCode,
      bus_no: bill.busNo,
      bus_date: bill.businessDate,
      total_fen: totalFenOf(bill),
      pay_code_info: bill.content.channels.map(({ code, amountFen }) => ({ code, amountFen })),
      related_batch_code: bill.original?.billCode ?? '',
      related_no: bill.original?.billNumber ?? '',
      original: original.toString('base64'),
      signature: signature.value,
      public_key: signature.publicKey,
    });
    return { signature: signatureOf(answer.body['supervisor_signature']), text: answer.text };
  }

  async reportPaper(
    kind: 'print-paper' | 'cancel-print',
    bill: Bill,
    paper: PaperName,
  ): Promise<Accepted> {
    const issueKind = kind === 'print-paper' ? ISSUE_KINDS.printPaper : ISSUE_KINDS.cancelPrint;
    const { text } = await this.#call('invoice.paper', {
      issue_kind: issueKind,
      bill_batch_code: bill.billCode,
      bill_no: bill.billNumber,
      p_bill_batch_code: paper.paperCode,
      p_bill_no: paper.paperNumber,
    });
    return { signature: null, text };
  }

  async takeNumber(request: NumberRequest): Promise<GivenNumber> {
    const { body, text } = await this.#call('invoice.number', { ...request });
    const field = (name: string) => textField(body, name, text);
    return {
      billCode: field('bill_batch_code'),
      billNumber: field('bill_no'),
      checkCode: field('random'),
      text,
    };
  }

  async billsOfDate(unitCode: string, date: string): Promise<FiscalBill[]> {
    const { body, text } = await this.#call('invoice.bydate', { unit_code: unitCode, date });
    return listField(body, 'bills', text).map((row) => ({
      billCode: textField(row, 'bill_batch_code', text),
      billNumber: textField(row, 'bill_no', text),
      busNo: textField(row, 'bus_no', text),
      totalFen: fenField(row, 'total_fen', text),
      signature: signatureOf(row['supervisor_signature']),
    }));
  }

  async segments(unitCode: string): Promise<Segment[]> {
    const { body, text } = await this.#call('stock.fetch', { unit_code: unitCode });
    return listField(body, 'segments', text).map((row) => ({
      medium: textField(row, 'medium', text) === 'paper' ? 'paper' : 'electronic',
      billCode: textField(row, 'bill_batch_code', text),
      from: fenField(row, 'start', text),
      to: fenField(row, 'end', text),
      reference: textField(row, 'reference', text),
    }));
  }

  async applyForNumbers(unitCode: string, billCode: string, count: number): Promise<void> {
    const body = { unit_code: unitCode, bill_batch_code: billCode, count };
    await this.#call('stock.apply', body);
  }

  async bookings(unitCode: string, since: string): Promise<Booking[]> {
    const { body, text } = await this.#call('account.status', { unit_code: unitCode, since });
    return listField(body, 'bookings', text).map((row) => ({
      billCode: textField(row, 'bill_batch_code', text),
      billNumber: textField(row, 'bill_no', text),
      date: textField(row, 'acc_date', text),
      amountFen: fenField(row, 'acc_fen', text),
      by: textField(row, 'acc_unit', text),
    }));
  }

  async #call(
    method: string,
    body: Record<string, unknown>,
  ): Promise<{ body: Record<string, unknown>; text: string }> {
    const text = await this.#post(this.#envelope(method, body));
    const answer = parseObject(text, text);
    const error = answer['error_message'];
    if (typeof error === 'object' && error !== null) {
      const { error_code: code, error_msg: message } = error as Record<string, unknown>;
      const outcome = code === GATEWAY_DUPLICATE ? 'unknown' : 'refused';
      throw new FrontError(outcome, `${String(code)}: ${String(message)}`, text);
    }
    if (typeof answer['message'] !== 'string') {
      throw new FrontError('unknown', 'the answer has no message', text);
    }
    const decoded = Buffer.from(answer['message'], 'base64').toString('utf8');
    return { body: parseObject(decoded, text), text };
  }

  #envelope(method: string, body: Record<string, unknown>): GatewayEnvelope {
    const { regionCode, agencyCode, appId, appKey } = this.#settings;
    const envelope = {
      region_code: regionCode,
      agency_code: agencyCode,
      app_id: appId,
      datetime: new Date(this.#now()).toISOString().replace(/\D/g, '').slice(0, 17),
      message_id: randomBytes(8).toString('hex'),
      method,
      format: 'json',
      encryption: 'none',
      version: '1.0',
      message: Buffer.from(JSON.stringify(body), 'utf8').toString('base64'),
    };
    return { ...envelope, security: gatewaySecurity(envelope, appKey) };
  }

  async #post(envelope: GatewayEnvelope): Promise<string> {
    const { url, timeoutMs } = this.#settings;
    let response: Response;
    try {
      response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(envelope),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      throw new FrontError(wasSent(error) ? 'unknown' : 'unreachable', String(error));
    }
    const text = await readBounded(response);
    if (response.ok) return text;
    const outcome = UNKNOWN_STATUSES.has(response.status) ? 'unknown' : 'refused';
    throw new FrontError(outcome, `HTTP ${response.status}`, text);
  }
}

/** A connection that was refused carried nothing; everything else may have arrived. */
function wasSent(error: unknown): boolean {
  const cause = (error as { cause?: { code?: string } }).cause?.code;
  return cause !== 'ECONNREFUSED' && cause !== 'ENOTFOUND' && cause !== 'EHOSTUNREACH';
}

/** Of an answer; one that is longer is nobody's we know. */
const ANSWER_CHARACTERS_MAX = 20_000_000;

async function readBounded(response: Response): Promise<string> {
  const length = Number(response.headers.get('content-length') ?? '0');
  if (length > ANSWER_CHARACTERS_MAX) throw new FrontError('unknown', 'the answer is too long');
  try {
    return await response.text();
  } catch (error) {
    throw new FrontError('unknown', `the answer broke off: ${String(error)}`);
  }
}

function parseObject(json: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through: it is no answer of a gateway.
  }
  throw new FrontError('unknown', 'the answer is not JSON', text);
}

function textField(row: Record<string, unknown>, name: string, text: string): string {
  const value = row[name];
  if (typeof value === 'string') return value;
  throw new FrontError('unknown', `the answer has no ${name}`, text);
}

function fenField(row: Record<string, unknown>, name: string, text: string): number {
  const value = row[name];
  if (Number.isSafeInteger(value)) return value as number;
  throw new FrontError('unknown', `${name} of the answer is not a whole number`, text);
}

function listField(
  body: Record<string, unknown>,
  name: string,
  text: string,
): Record<string, unknown>[] {
  const value = body[name];
  if (Array.isArray(value)) return value.filter((row) => typeof row === 'object' && row !== null);
  throw new FrontError('unknown', `the answer has no list of ${name}`, text);
}
