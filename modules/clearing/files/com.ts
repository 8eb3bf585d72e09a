/** The day of a merchant as a fixed-width flow with the columns of UnionPay's COM file, in GBK. */
import { BusinessTime } from '../../../ledger/business-time.ts';
import type { Institution } from '../../../ledger/registry-kinds.ts';
import { maskPan } from '../../../protocols/mask.ts';
import type { RecordRow } from '../../../protocols/records/layout.ts';
import { UNIONPAY_COM } from '../../../protocols/records/layouts.ts';
import { writeRecords } from '../../../protocols/records/writer.ts';
import type { ClearingLine, MerchantDay } from '../day.ts';
import type { ClearingOutput } from './contents.ts';

/** Hospitals: 8062 of the merchant category codes. */
const MERCHANT_CATEGORY = '8062';
const PAN_WIDTH = 19;

export function comFile(date: string, institution: Institution, day: MerchantDay): ClearingOutput {
  const time = new BusinessTime(institution);
  const details = day.lines.map((line) => rowOf(line, institution, day.merchant.id, time));
  const bytes = writeRecords(UNIONPAY_COM, { header: null, details, trailer: null });
  const totalFen = day.lines.reduce((sum, { amountFen }) => sum + amountFen, 0);
  return { name: `com-${date}-${day.merchant.id}.txt`, bytes, records: details.length, totalFen };
}

function rowOf(
  line: ClearingLine,
  { acquirerId, issuerId }: Institution,
  merchantId: string,
  time: BusinessTime,
): RecordRow {
  const { time: clock, date } = time.localFields(Math.floor(line.timestampUs / 1_000));
  const reference = String(line.position).padStart(12, '0').slice(-12);
  const fee = String(Math.abs(line.feeFen)).padStart(11, '0');
  // The column of amounts has no sign: money that goes back has a message type of its own, or none.
  const isBack = line.amountFen < 0;
  return {
    agentId: acquirerId.padStart(8, '0'),
    forwarderId: acquirerId.padStart(8, '0'),
    traceNumber: line.traceNumber || '000000',
    transmissionTime: `${date}${clock}`,
    pan: (maskPan(line.cardNumber) || '*').slice(0, PAN_WIDTH),
    amountFen: Math.abs(line.amountFen),
    partialAmount: null,
    cardholderFee: null,
    mti: line.messageType || (isBack ? '0220' : '0200'),
    processingCode: line.processingCode || (isBack ? '200000' : '000000'),
    merchantCategory: MERCHANT_CATEGORY,
    terminalId: line.terminalId || '00000000',
    merchantId,
    retrievalReference: reference,
    conditionCode: '00',
    authorisationCode: null,
    receiverId: issuerId.padStart(8, '0'),
    originalTrace: null,
    responseCode: '00',
    entryMode: line.entryMode || null,
    // Receivable: a fee that the merchant gets back; payable: one that it pays.
    interchangeReceivable: line.feeFen < 0 ? `C${fee}` : null,
    interchangePayable: line.feeFen > 0 ? `D${fee}` : null,
    switchFee: null,
    conversionFlag: null,
    cardSequence: null,
    terminalCapability: null,
    icCondition: null,
    originalTime: null,
    issuerId: issuerId.padStart(8, '0'),
    regionFlag: null,
    terminalType: null,
    eci: null,
    instalmentFee: null,
    other: isBack ? 'REFUND' : null,
  };
}
