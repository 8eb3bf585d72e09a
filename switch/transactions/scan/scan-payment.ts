import { findTlv, parseTlv } from '../../../protocols/emv/tlv.ts';
import { require } from '../../refusal.ts';
import { channelOf } from '../../scan/channel.ts';
import { SCAN_PAYMENT } from '../../scan/orders.ts';
import type { Services } from '../../services.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import type { Plan, RecordedRow, Request } from '../row.ts';
import { undoPayment } from '../undo.ts';

/** 扫码消费(被扫): the merchant scans the code on the patient's telephone; `A3` in field 59 has it. */
export const scanPayment: RecordedRow = {
  kind: SCAN_PAYMENT,
  nameZh: '扫码消费',
  nameEn: 'Scan payment',
  match: {
    messageType: '0200',
    processingCode: '000000',
    entry: '03',
    conditionCode: '00',
    transactionType: '22',
  },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [4, 11, 22, 41, 42, 49, 59, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  spends: true,
  refusals: { tally_exceeded: { responseCode: '94', rule: 'wallet-code-used' } },
  plan: (request, services) => payByCode(codeOfField59(request), request, services),
  undo: undoPayment,
  answerFields: ({ position, businessDate }) => ({ 59: voucher(position, businessDate) }),
};

/** The same as a vendor's terminals send it: field 25 = 99, the code in tag 5F01 of field 62. */
export const vendorScanPayment: RecordedRow = {
  ...scanPayment,
  match: {
    messageType: '0200',
    processingCode: '000000',
    conditionCode: '99',
    transactionType: '26',
  },
  required: [4, 11, 22, 41, 42, 49, 60, 62],
  plan: (request, services) => payByCode(codeOfField62(request), request, services),
  answerFields: () => ({}),
};

async function payByCode(code: string, request: Request, services: Services): Promise<Plan> {
  require(request.amountFen > 0, '13', 'amount-zero');
  require(request.message.get(49) === '156', 'A1', 'currency-not-yuan');
  return channelOf(code).pay(code, request, services);
}

/** `A3`, three digits of length, the code. */
function codeOfField59({ message }: Request): string {
  const [, length, rest] = /^A3(\d{3})(.+)$/.exec(message.get(59) ?? '') ?? [];
  require(rest !== undefined && rest.length >= Number(length), '30', 'payment-code-missing');
  return rest.slice(0, Number(length));
}

export function codeOfField62({ message }: Request): string {
  const code = findTlv(parseTlv(message.bytes(62) ?? new Uint8Array(0)), '5F01');
  require(code !== undefined, '30', 'payment-code-missing');
  return Buffer.from(code.value).toString('latin1');
}

/** `A4020`, then business date and journal position: the voucher number on the slip. */
function voucher(position: number, businessDate: string): string {
  return `A4020${businessDate}${String(position).padStart(12, '0')}`;
}
