/** The fiscal platform behind a plain socket: XML in GBK with an 8-digit length (CNNONTAX). */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { XMLParser } from 'fast-xml-parser';
import iconv from 'iconv-lite';
import {
  CERTIFICATE_SERIAL,
  type FiscalFault,
  type FiscalPlatform,
  PlatformRefusal,
  type RegisteredBill,
} from './platform.ts';

export interface SocketServer {
  readonly port: number;
  close(): Promise<void>;
}

type Fields = Record<string, string>;

const parser = new XMLParser({ parseTagValue: false, ignoreDeclaration: true });

/** Serves the platform on a port of 127.0.0.1. */
export async function serveSocket(platform: FiscalPlatform, port = 0): Promise<SocketServer> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 8) return;
      const end = 8 + Number(received.toString('ascii', 0, 8));
      if (received.length < end) return;
      void answer(platform, socket, iconv.decode(received.subarray(8, end), 'gbk'));
    });
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((done) => {
        for (const socket of open) socket.destroy();
        server.close(() => done());
      }),
  };
}

/** In place of an answer. */
const HOSTILE: Partial<Record<FiscalFault, string>> = {
  garbage: '<oops',
  'entity-bomb': `<!DOCTYPE C [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(1_000)}">]><CNNONTAX>&b;</CNNONTAX>`,
  'external-entity': '<!DOCTYPE C SYSTEM "file:///etc/passwd"><CNNONTAX/>',
  'deep-xml': '<A>'.repeat(50_000) + '</A>'.repeat(50_000),
};

async function answer(platform: FiscalPlatform, socket: Socket, text: string): Promise<void> {
  const fault = platform.nextFault();
  if (fault === 'slow') await sleep(platform.slowMs);
  if (fault === 'time-out-before-issue') return;
  const document = reply(platform, text, fault);
  if (fault === 'time-out-after-issue') return;
  const bytes = iconv.encode((fault && HOSTILE[fault]) ?? document, 'gbk');
  socket.end(Buffer.concat([Buffer.from(String(bytes.length).padStart(8, '0')), bytes]));
}

function reply(platform: FiscalPlatform, text: string, fault: FiscalFault | null): string {
  const message = parser.parse(text) as {
    CNNONTAX: { Head: Fields; Msg: { VoucherBody: Fields } };
  };
  const { Head, Msg } = message.CNNONTAX;
  try {
    const body = perform(platform, Head['TransCode']!, Msg.VoucherBody, fault);
    return envelope('0000', 'OK', body);
  } catch (error) {
    if (!(error instanceof PlatformRefusal)) throw error;
    return envelope(error.code, error.message, '');
  }
}

function envelope(code: string, message: string, body: string): string {
  const head = element('Head', element('ResultCode', code) + element('ResultMsg', message));
  const inner = head + element('Msg', element('VoucherBody', body));
  return `<?xml version="1.0" encoding="GBK"?>${element('CNNONTAX', inner)}`;
}

function perform(
  platform: FiscalPlatform,
  transaction: string,
  body: Fields,
  fault: FiscalFault | null,
): string {
  if (transaction === '8999') {
    const given = platform.takeNumber(body['RequestId']!, body['BillType']!);
    return names({ ...given });
  }
  if (transaction === '8981') return issue(platform, body, fault);
  if (transaction === '8982') {
    const rows = platform.billsOfDate(body['BusDate']!).map((bill) => element('Bill', row(bill)));
    return element('Bills', rows.join(''));
  }
  if (transaction === '4601') return synchronise(platform, body);
  throw new PlatformRefusal('0002', `未知交易 ${transaction}`);
}

function names(given: { billCode: string; billNumber: string; random: string }): string {
  const { billCode, billNumber, random } = given;
  return (
    element('BillBatchCode', billCode) + element('BillNo', billNumber) + element('Random', random)
  );
}

function issue(platform: FiscalPlatform, body: Fields, fault: FiscalFault | null): string {
  const kind = body['IssueKind']!;
  const key = `${body['BillBatchCode']}-${body['BillNo']}`;
  if (kind === '3' || kind === '4') {
    platform.paper(kind, key, `${body['PaperBatchCode']}-${body['PaperNo']}`);
    return '';
  }
  const bill = platform.issue(
    {
      billCode: body['BillBatchCode']!,
      billNumber: body['BillNo']!,
      busNo: body['BusNo']!,
      busDate: body['BusDate']!,
      totalFen: Math.round(Number(body['TotalAmount']) * 100),
      kind,
      original: Buffer.from(body['VoucherOriginal']!, 'base64'),
    },
    {
      signature: body['VoucherSign']!,
      publicKey: body['PublicKey']!,
      relatedCode: '',
      relatedNumber: '',
    },
    fault,
  );
  return signature(bill);
}

function synchronise(platform: FiscalPlatform, body: Fields): string {
  if (body['What'] === 'apply') {
    platform.applyForNumbers(body['BillBatchCode']!, Number(body['Count']));
    return '';
  }
  if (body['What'] === 'bookings') {
    const rows = platform.bookings.map((booking) => {
      const { billCode, billNumber, date, fen, unit } = booking;
      const name = element('BillBatchCode', billCode) + element('BillNo', billNumber);
      const rest = element('AccAmount', (fen / 100).toFixed(2)) + element('AccUnit', unit);
      return element('Booking', name + element('AccDate', date) + rest);
    });
    return element('Bookings', rows.join(''));
  }
  const rows = platform.segments().map(({ medium, billCode, from, to, reference }) => {
    const name = element('Medium', medium) + element('BillBatchCode', billCode);
    const range = element('StartNo', String(from)) + element('EndNo', String(to));
    return element('Segment', name + range + element('Reference', reference));
  });
  return element('Segments', rows.join(''));
}

function row(bill: RegisteredBill): string {
  return (
    element('BillBatchCode', bill.billCode) +
    element('BillNo', bill.billNumber) +
    element('BusNo', bill.busNo) +
    element('TotalAmount', (bill.totalFen / 100).toFixed(2)) +
    signature(bill)
  );
}

function signature({ supervisorSignature }: RegisteredBill): string {
  const inner =
    element('Value', supervisorSignature) +
    element('Serial', CERTIFICATE_SERIAL) +
    element('SignedAtUs', '0');
  return element('SupervisorSign', inner);
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
