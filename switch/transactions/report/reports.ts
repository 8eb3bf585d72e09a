/** What terminals tell about themselves and their transactions: kept in the journal as it came. */
import { createHash } from 'node:crypto';
import { require } from '../../refusal.ts';
import { NETWORK_KEEP } from '../answer-fields.ts';
import type { Plan, RecordedRow, Request } from '../row.ts';

/** Module name of the facts. */
export const TERMINAL_REPORT = 'terminal-report';

/** 状态上送: the state of printer, keyboard, card readers, as field 62 has it. */
export const statusUpload: RecordedRow = {
  kind: 'status-upload',
  nameZh: '状态上送',
  nameEn: 'Terminal status',
  match: { messageType: '0820', networkCodes: ['362'] },
  answerType: '0830',
  mac: false,
  signedIn: false,
  openBatch: false,
  required: [11, 41, 42, 60, 62],
  keep: NETWORK_KEEP,
  finishes: true,
  plan: async (request) => report('status', request.terminalId, bytesOf(request, 62)),
};

/** Field 60.3 of a signature: 800 for the only or first segment, one more for each that follows. */
const SIGNATURE_CODES = Array.from({ length: 100 }, (_, segment) => String(800 + segment));

/** 电子签名上送: the card holder's signature under a transaction, in one or several segments. */
export const signatureUpload: RecordedRow = {
  kind: 'e-signature',
  nameZh: '电子签名上送',
  nameEn: 'Electronic signature',
  match: { messageType: '0820', networkCodes: SIGNATURE_CODES },
  answerType: '0830',
  mac: true,
  signedIn: true,
  openBatch: false,
  required: [11, 37, 41, 42, 60, 62],
  keep: NETWORK_KEEP,
  finishes: true,

  async plan(request) {
    const { transactionType, networkCode } = request.field60;
    require(['07', '08'].includes(transactionType), '30', 'field-60-1-unknown');
    const image = bytesOf(request, 62);
    const content = {
      reference: request.message.get(37) ?? '',
      segment: Number(networkCode) - 800,
      last: transactionType === '07',
      sha256: createHash('sha256').update(image).digest('hex'),
      image: image.toString('base64'),
    };
    const key = `${content.reference}/${content.segment}`;
    return report('signature', key, Buffer.from(JSON.stringify(content)));
  },
};

/** 脚本处理结果通知: what a chip made of the issuer's script (field 55 of the notice). */
export const scriptResult: RecordedRow = {
  kind: 'script-result',
  nameZh: '脚本处理结果通知',
  nameEn: 'Result of an issuer script',
  match: { messageType: '0620', networkCodes: ['951'] },
  answerType: '0630',
  mac: false,
  signedIn: true,
  openBatch: false,
  required: [11, 41, 42, 55, 60],
  keep: NETWORK_KEEP,
  finishes: true,
  plan: async (request) => {
    const reference = request.message.get(37) ?? request.message.get(61) ?? request.traceNumber;
    return report('script-result', `${request.terminalId}/${reference}`, bytesOf(request, 55));
  },
};

function bytesOf({ message }: Request, field: number): Buffer {
  return Buffer.from(message.bytes(field) ?? []);
}

function report(kind: string, key: string, payload: Uint8Array): Plan {
  return { fact: { module: { module: TERMINAL_REPORT, kind, key, payload } } };
}
