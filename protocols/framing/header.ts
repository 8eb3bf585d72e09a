import { ProtocolError } from '../error.ts';
import type { Label } from '../iso8583/dialect.ts';
import { HEADER_BYTES } from './envelope.ts';

/** What a host asks of a terminal in digit 6 of an answer's header. */
export const PROCESSING_REQUESTS: Readonly<Record<string, Label>> = {
  '0': { zh: '无处理要求', en: 'nothing' },
  '1': { zh: '下传终端磁条卡参数', en: 'download stripe card parameters' },
  '2': { zh: '上传终端磁条卡状态信息', en: 'upload terminal status' },
  '3': { zh: '重新签到', en: 'sign in again' },
  '4': { zh: '通知终端更新公钥信息', en: 'update CA public keys' },
  '5': { zh: '下载终端IC卡参数', en: 'download IC card parameters' },
  '6': { zh: 'TMS参数下载', en: 'TMS parameter download' },
  '7': { zh: '卡BIN黑名单下载', en: 'BIN blacklist download' },
  '8': { zh: '币种汇率下载', en: 'exchange rate download' },
  '9': { zh: '非接触参数下载', en: 'contactless parameter download' },
};

/** Application classes, digits 1 and 2. */
export const APPLICATION_CLASSES: Readonly<Record<string, Label>> = {
  '60': { zh: '磁条卡金融支付类应用', en: 'magnetic stripe, financial' },
  '61': { zh: 'IC卡金融支付类应用', en: 'IC card, financial' },
  '62': { zh: '磁条卡增值类应用', en: 'magnetic stripe, value added' },
  '63': { zh: 'IC卡增值类应用', en: 'IC card, value added' },
};

/** The message header (报文头) of UnionPay terminals: 12 digits in 6 bytes. */
export interface MessageHeader {
  readonly applicationClass: string;
  readonly softwareVersion: string;
  readonly terminalState: string;
  readonly processingRequest: string;
  readonly softwareSubVersion: string;
}

/** Reads a header. Throws ProtocolError `truncated`. */
export function parseHeader(header: Uint8Array): MessageHeader {
  if (header.length !== HEADER_BYTES) {
    throw new ProtocolError('truncated', 'a message header has 6 bytes', {
      needed: HEADER_BYTES,
      had: header.length,
    });
  }
  const digits = Buffer.from(header).toString('hex').toUpperCase();
  return {
    applicationClass: digits.slice(0, 2),
    softwareVersion: digits.slice(2, 4),
    terminalState: digits.slice(4, 5),
    processingRequest: digits.slice(5, 6),
    softwareSubVersion: digits.slice(6),
  };
}

/** A copy of the terminal's header with digit 6 set: what an answer carries. */
export function withProcessingRequest(header: Uint8Array, request: number): Uint8Array {
  const copy = Uint8Array.from(header);
  if (copy.length === HEADER_BYTES) copy[2] = (copy[2]! & 0xf0) | (request & 0x0f);
  return copy;
}
