/**
 * The fiscal side behind a plain socket: XML in GBK, an 8-digit length before it, Head with the
 * transaction number, and a Msg whose VoucherBody is signed. 8999 gives a number, 8981 issues or
 * exchanges, 8982 downloads the bills of a day; 4601 of the platform's own catalogue gives segments
 * and bookings.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import iconv from 'iconv-lite';
import { fenOf, yuanText } from '../bill/amount.ts';
import { type Bill, type PaperName, totalFenOf } from '../bill/bill.ts';
import { ISSUE_KINDS } from '../bill/code-tables.ts';
import { readXml, XmlError, type XmlNode, xmlList, xmlText } from '../bill/xml-reader.ts';
import { type Element, escapeText } from '../bill/xml-writer.ts';
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

export interface SocketSettings {
  host: string;
  port: number;
  unitCode: string;
  timeoutMs: number;
}

/** Transaction numbers. */
export const SOCKET_TRANSACTIONS = {
  takeNumber: '8999',
  issue: '8981',
  download: '8982',
  synchronise: '4601',
} as const;

/** It has this bill already. */
export const SOCKET_DUPLICATE = '1001';

const LENGTH_DIGITS = 8;
const FRAME_BYTES_MAX = 20_000_000;

export class SocketXmlFront implements FiscalFront {
  readonly #settings: SocketSettings;

  constructor(settings: SocketSettings) {
    this.#settings = settings;
  }

  async report({ bill, original, signature }: SentBill): Promise<Accepted> {
    const { body, text } = await this.#call(SOCKET_TRANSACTIONS.issue, [
      ['IssueKind', bill.kind === 'red' ? ISSUE_KINDS.red : ISSUE_KINDS.normal],
      ['BillBatchCode', bill.billCode],
      ['BillNo', bill.billNumber],
      ['Random', bill.checkCode],
      ['BusNo', bill.busNo],
      ['BusDate', bill.businessDate],
      ['TotalAmount', yuanText(totalFenOf(bill))],
      ['VoucherOriginal', original.toString('base64')],
      ['VoucherSign', signature.value],
      ['PublicKey', signature.publicKey],
    ]);
    return { signature: readSignature(body), text };
  }

  async reportPaper(
    kind: 'print-paper' | 'cancel-print',
    bill: Bill,
    paper: PaperName,
  ): Promise<Accepted> {
    const issueKind = kind === 'print-paper' ? ISSUE_KINDS.printPaper : ISSUE_KINDS.cancelPrint;
    const { text } = await this.#call(SOCKET_TRANSACTIONS.issue, [
      ['IssueKind', issueKind],
      ['BillBatchCode', bill.billCode],
      ['BillNo', bill.billNumber],
      ['PaperBatchCode', paper.paperCode],
      ['PaperNo', paper.paperNumber],
    ]);
    return { signature: null, text };
  }

  async takeNumber(request: NumberRequest): Promise<GivenNumber> {
    const { body, text } = await this.#call(SOCKET_TRANSACTIONS.takeNumber, [
      ['RequestId', request.requestId],
      ['UnitCode', request.unitCode],
      ['BillType', request.billCode],
      ['IssueKind', request.kind === 'red' ? ISSUE_KINDS.red : ISSUE_KINDS.normal],
      ['BusNo', request.busNo],
      ['Payer', request.payerName],
      ['TotalAmount', yuanText(request.totalFen)],
    ]);
    const number = {
      billCode: xmlText(body, 'BillBatchCode'),
      billNumber: xmlText(body, 'BillNo'),
      checkCode: xmlText(body, 'Random'),
    };
    if (number.billCode === '' || number.billNumber === '') {
      throw new FrontError('unknown', 'the answer has no number', text);
    }
    return { ...number, text };
  }

  async billsOfDate(unitCode: string, date: string): Promise<FiscalBill[]> {
    const fields: Element[] = [
      ['UnitCode', unitCode],
      ['BusDate', date],
    ];
    const { body, text } = await this.#call(SOCKET_TRANSACTIONS.download, fields);
    return xmlList(body, 'Bills', 'Bill').map((row) => ({
      billCode: xmlText(row, 'BillBatchCode'),
      billNumber: xmlText(row, 'BillNo'),
      busNo: xmlText(row, 'BusNo'),
      totalFen: amount(xmlText(row, 'TotalAmount'), text),
      signature: readSignature(row),
    }));
  }

  async segments(unitCode: string): Promise<Segment[]> {
    const { body, text } = await this.#synchronise('stock', unitCode, []);
    return xmlList(body, 'Segments', 'Segment').map((row) => ({
      medium: xmlText(row, 'Medium') === 'paper' ? 'paper' : 'electronic',
      billCode: xmlText(row, 'BillBatchCode'),
      from: whole(xmlText(row, 'StartNo'), text),
      to: whole(xmlText(row, 'EndNo'), text),
      reference: xmlText(row, 'Reference'),
    }));
  }

  async applyForNumbers(unitCode: string, billCode: string, count: number): Promise<void> {
    await this.#synchronise('apply', unitCode, [
      ['BillBatchCode', billCode],
      ['Count', String(count)],
    ]);
  }

  async bookings(unitCode: string, since: string): Promise<Booking[]> {
    const { body, text } = await this.#synchronise('bookings', unitCode, [['Since', since]]);
    return xmlList(body, 'Bookings', 'Booking').map((row) => ({
      billCode: xmlText(row, 'BillBatchCode'),
      billNumber: xmlText(row, 'BillNo'),
      date: xmlText(row, 'AccDate'),
      amountFen: amount(xmlText(row, 'AccAmount'), text),
      by: xmlText(row, 'AccUnit'),
    }));
  }

  #synchronise(what: string, unitCode: string, fields: Element[]) {
    const head: Element[] = [
      ['What', what],
      ['UnitCode', unitCode],
    ];
    return this.#call(SOCKET_TRANSACTIONS.synchronise, [...head, ...fields]);
  }

  async #call(
    transaction: string,
    fields: readonly Element[],
  ): Promise<{ body: XmlNode | undefined; text: string }> {
    const request = cnnontax([
      [
        'Head',
        [
          ['TransCode', transaction],
          ['MsgId', randomBytes(8).toString('hex')],
          ['UnitCode', this.#settings.unitCode],
        ],
      ],
      ['Msg', [['VoucherBody', fields]]],
    ]);
    const text = iconv.decode(await this.#exchange(iconv.encode(request, 'gbk')), 'gbk');
    const tree = readAnswer(text);
    const code = xmlText(tree, 'CNNONTAX', 'Head', 'ResultCode');
    if (code !== '0000') {
      const message = xmlText(tree, 'CNNONTAX', 'Head', 'ResultMsg');
      const outcome = code === '' || code === SOCKET_DUPLICATE ? 'unknown' : 'refused';
      throw new FrontError(outcome, `${code}: ${message}`, text);
    }
    return { body: xmlList(tree, 'CNNONTAX', 'Msg', 'VoucherBody')[0], text };
  }

  /** One connection for one request: what these platforms expect. */
  #exchange(request: Buffer): Promise<Buffer> {
    const { host, port, timeoutMs } = this.#settings;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      let received = Buffer.alloc(0);
      let sent = false;
      const fail = (message: string) => {
        socket.destroy();
        reject(new FrontError(sent ? 'unknown' : 'unreachable', message));
      };
      const timer = setTimeout(() => fail(`no answer in ${timeoutMs} ms`), timeoutMs);
      socket.once('connect', () => {
        sent = true;
        const length = String(request.length).padStart(LENGTH_DIGITS, '0');
        socket.write(Buffer.concat([Buffer.from(length, 'ascii'), request]));
      });
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        const frame = frameOf(received);
        if (frame === 'bad') fail('the answer has no length');
        else if (frame !== null) {
          socket.destroy();
          resolve(frame);
        }
      });
      socket.once('error', (error) => fail(error.message));
      socket.once('close', () => {
        clearTimeout(timer);
        fail('the connection was closed without an answer');
      });
    });
  }
}

function frameOf(received: Buffer): Buffer | null | 'bad' {
  if (received.length < LENGTH_DIGITS) return null;
  const length = received.toString('ascii', 0, LENGTH_DIGITS);
  if (!/^\d{8}$/.test(length) || Number(length) > FRAME_BYTES_MAX) return 'bad';
  const end = LENGTH_DIGITS + Number(length);
  return received.length < end ? null : received.subarray(LENGTH_DIGITS, end);
}

/** The document as text: it declares GBK, unlike the bills. */
function cnnontax(content: readonly Element[]): string {
  return `<?xml version="1.0" encoding="GBK"?>${elementText(['CNNONTAX', content])}`;
}

function elementText([name, content]: Element): string {
  const inner =
    typeof content === 'string' ? escapeText(content) : content.map(elementText).join('');
  return `<${name}>${inner}</${name}>`;
}

function readAnswer(text: string): Record<string, XmlNode> {
  try {
    return readXml(text);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new FrontError('unknown', `the answer is no XML of ours: ${error.message}`, text);
  }
}

function readSignature(row: XmlNode | undefined) {
  return signatureOf({
    value: xmlText(row, 'SupervisorSign', 'Value'),
    serial: xmlText(row, 'SupervisorSign', 'Serial'),
    signed_at_us: Number(xmlText(row, 'SupervisorSign', 'SignedAtUs')),
  });
}

function amount(value: string, text: string): number {
  const fen = fenOf(value);
  if (fen === null) throw new FrontError('unknown', `${value} is no amount`, text);
  return fen;
}

function whole(value: string, text: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new FrontError('unknown', `${value} is no number`, text);
}
