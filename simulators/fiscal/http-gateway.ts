/** The fiscal platform as an HTTP gateway: written from the message table, not from our client. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CERTIFICATE_SERIAL,
  type FiscalFault,
  type FiscalPlatform,
  PlatformRefusal,
  type RegisteredBill,
} from './platform.ts';

export interface GatewayServer {
  readonly url: string;
  close(): Promise<void>;
}

type Body = Record<string, unknown>;

const NO_MESSAGE = new Set<FiscalFault>(['garbage', 'entity-bomb', 'external-entity', 'deep-xml']);

/** Serves the platform on a port of 127.0.0.1. */
export async function serveGateway(
  platform: FiscalPlatform,
  appKey: string,
  port = 0,
): Promise<GatewayServer> {
  const server = createServer((request, response) => {
    answer(platform, appKey, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${chosen}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  platform: FiscalPlatform,
  appKey: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const envelope = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, string>;
  const fault = platform.nextFault();
  if (fault === 'slow') await sleep(platform.slowMs);
  if (fault === 'time-out-before-issue') return;
  const document = reply(platform, appKey, envelope, fault);
  if (fault === 'time-out-after-issue') return;
  response.setHeader('Content-Type', 'application/json');
  const isNoMessage = fault !== null && NO_MESSAGE.has(fault);
  response.end(isNoMessage ? '<html>502</html>' : JSON.stringify(document));
}

function reply(
  platform: FiscalPlatform,
  appKey: string,
  envelope: Record<string, string>,
  fault: FiscalFault | null,
): object {
  const { security, ...fields } = envelope;
  const names = Object.keys(fields).sort();
  const text = appKey + names.map((name) => fields[name]).join('') + appKey;
  if (createHash('md5').update(text, 'utf8').digest('hex') !== security) {
    return { error_message: { error_code: 'E0001', error_msg: '校验码错误' } };
  }
  try {
    const body = JSON.parse(Buffer.from(envelope['message']!, 'base64').toString('utf8')) as Body;
    const message = perform(platform, envelope['method']!, body, fault);
    return { message: Buffer.from(JSON.stringify(message), 'utf8').toString('base64') };
  } catch (error) {
    if (!(error instanceof PlatformRefusal)) throw error;
    return { error_message: { error_code: `E${error.code}`, error_msg: error.message } };
  }
}

function perform(
  platform: FiscalPlatform,
  method: string,
  body: Body,
  fault: FiscalFault | null,
): Body {
  const text = (name: string) => String(body[name] ?? '');
  switch (method) {
    case 'invoice.issue':
      return { supervisor_signature: signature(issue(platform, body, fault)) };
    case 'invoice.paper': {
      const paper = `${text('p_bill_batch_code')}-${text('p_bill_no')}`;
      platform.paper(text('issue_kind'), `${text('bill_batch_code')}-${text('bill_no')}`, paper);
      return {};
    }
    case 'invoice.number': {
      const given = platform.takeNumber(text('requestId'), text('billCode'));
      return {
        bill_batch_code: given.billCode,
        bill_no: given.billNumber,
        random: given.random,
      };
    }
    case 'invoice.bydate':
      return { bills: platform.billsOfDate(text('date')).map(row) };
    case 'stock.fetch':
      return {
        segments: platform.segments().map(({ medium, billCode, from, to, reference }) => ({
          medium,
          bill_batch_code: billCode,
          start: from,
          end: to,
          reference,
        })),
      };
    case 'stock.apply':
      platform.applyForNumbers(text('bill_batch_code'), Number(body['count']));
      return {};
    case 'account.status':
      return {
        bookings: platform.bookings.map(({ billCode, billNumber, date, fen, unit }) => ({
          bill_batch_code: billCode,
          bill_no: billNumber,
          acc_date: date,
          acc_fen: fen,
          acc_unit: unit,
        })),
      };
    default:
      throw new PlatformRefusal('0002', `未知的方法 ${method}`);
  }
}

function issue(platform: FiscalPlatform, body: Body, fault: FiscalFault | null): RegisteredBill {
  const text = (name: string) => String(body[name] ?? '');
  return platform.issue(
    {
      billCode: text('bill_batch_code'),
      billNumber: text('bill_no'),
      busNo: text('bus_no'),
      busDate: text('bus_date'),
      totalFen: Number(body['total_fen']),
      kind: text('issue_kind'),
      original: Buffer.from(text('original'), 'base64'),
    },
    {
      signature: text('signature'),
      publicKey: text('public_key'),
      relatedCode: text('related_batch_code'),
      relatedNumber: text('related_no'),
    },
    fault,
  );
}

function row(bill: RegisteredBill): Body {
  return {
    bill_batch_code: bill.billCode,
    bill_no: bill.billNumber,
    bus_no: bill.busNo,
    total_fen: bill.totalFen,
    supervisor_signature: signature(bill),
  };
}

function signature(bill: RegisteredBill): Body {
  return { value: bill.supervisorSignature, serial: CERTIFICATE_SERIAL, signed_at_us: 0 };
}
