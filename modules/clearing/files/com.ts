/** The day of a merchant as a fixed-width flow with the columns of UnionPay's COM file, in GBK. */
import { BusinessTime } from '../../../ledger/business-time.ts';
import type { Institution } from '../../../ledger/registry-kinds.ts';
import { maskPan } from '../../../protocols/mask.ts';
import type { RecordRow } from '../../../protocols/records/layout.ts';
import { UNIONPAY_COM } from '../../../protocols/records/layouts.ts';
import { writeRecords } from '../../../protocols/records/writer.ts';
import type { ClearingLine, MerchantDay, SentName } from '../day.ts';
import type { ClearingOutput } from './contents.ts';

/** Hospitals: 8062 of the merchant category codes. */
const MERCHANT_CATEGORY = '8062';
const PAN_WIDTH = 19;
/** Of what no terminal sent. */
const NO_TRACE = '000000';

export function comFile(date: string, institution: Institution, day: MerchantDay): ClearingOutput {
  const time = new BusinessTime(institution);
  const details = flowOf(day.lines).map((line) => rowOf(line, institution, day.merchant.id, time));
  const bytes = writeRecords(UNIONPAY_COM, { header: null, details, trailer: null });
  const totalFen = day.lines.reduce((sum, { amountFen }) => sum + amountFen, 0);
  return { name: `com-${date}-${day.merchant.id}.txt`, bytes, records: details.length, totalFen };
}

/**
 * The day as a flow tells it, which knows payments, refunds, and what takes a payment back. An
 * adjustment of a payment of the day is in the payment's own row; a void that was reversed is not in it
 * at all, nor is its reversal.
 */
function flowOf(lines: readonly ClearingLine[]): ClearingLine[] {
  const rows = new Map<number, ClearingLine>();
  /** Adjustments, to what they adjusted. */
  const adjusted = new Map<number, ClearingLine>();
  for (const line of lines) {
    const { kind, reference, originalPosition } = line;
    const original = rows.get(originalPosition);
    if (kind === 'adjustment' && original !== undefined) {
      original.amountFen += line.amountFen;
      original.feeFen += line.feeFen;
      adjusted.set(reference, original);
    } else if (kind === 'reversal' && original?.kind.endsWith('void')) {
      rows.delete(originalPosition);
    } else {
      const originalSent = adjusted.get(originalPosition)?.sent ?? line.originalSent;
      rows.set(reference, { ...line, originalSent });
    }
  }
  return [...rows.values()];
}

/** Message type and processing code where terminals have codes of their own for what takes a payment back. */
const BACK_CODES: Readonly<Record<string, readonly [messageType: string, processingCode: string]>> =
  { void: ['0200', '200000'], refund: ['0220', '200000'] };

function rowOf(
  line: ClearingLine,
  { acquirerId, issuerId }: Institution,
  merchantId: string,
  time: BusinessTime,
): RecordRow {
  const reference = String(line.reference).padStart(12, '0').slice(-12);
  const fee = String(Math.abs(line.feeFen)).padStart(11, '0');
  // The column of amounts has no sign: money that goes back has a message type of its own, or none.
  const isBack = line.amountFen < 0;
  const [messageType, processingCode] = BACK_CODES[line.kind] ?? [];
  const { originalSent } = line;
  return {
    agentId: acquirerId.padStart(8, '0'),
    forwarderId: acquirerId.padStart(8, '0'),
    traceNumber: line.sent.traceNumber || NO_TRACE,
    transmissionTime: transmissionTime(line.sent, time),
    pan: (maskPan(line.cardNumber) || '*').slice(0, PAN_WIDTH),
    amountFen: Math.abs(line.amountFen),
    partialAmount: null,
    cardholderFee: null,
    mti: messageType || line.messageType || (isBack ? '0220' : '0200'),
    processingCode: processingCode || line.processingCode || (isBack ? '200000' : '000000'),
    merchantCategory: MERCHANT_CATEGORY,
    terminalId: line.terminalId || '00000000',
    merchantId,
    retrievalReference: reference,
    conditionCode: '00',
    authorisationCode: null,
    receiverId: issuerId.padStart(8, '0'),
    originalTrace: originalSent === null ? null : originalSent.traceNumber || NO_TRACE,
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
    originalTime: originalSent === null ? null : transmissionTime(originalSent, time),
    issuerId: issuerId.padStart(8, '0'),
    regionFlag: null,
    terminalType: null,
    eci: null,
    instalmentFee: null,
    other: isBack ? 'REFUND' : null,
  };
}

/** MMDDhhmmss. */
function transmissionTime({ timestampUs }: SentName, time: BusinessTime): string {
  const local = time.localFields(Math.floor(timestampUs / 1_000));
  return local.date + local.time;
}
