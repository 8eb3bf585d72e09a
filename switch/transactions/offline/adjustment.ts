import { TransferCode } from '../../../ledger/chart-of-accounts.ts';
import { findCard } from '../../checks/card.ts';
import { require } from '../../refusal.ts';
import type { Services } from '../../services.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { namedOriginal, type OriginalSort } from '../original.ts';
import { countInBatch, payCardHolder, payMerchant, paymentOf, takeBack } from '../postings.ts';
import type { Plan, RecordedRow, Request } from '../row.ts';

const ADJUSTABLE: OriginalSort = {
  kinds: ['purchase', 'offline-purchase'],
  messageTypes: ['0200', '0220'],
};

/**
 * 结算调整: another amount in place of the original's, within its batch. The original is taken back whole and
 * the new amount paid in the same entry; this record then is what a void or refund names. A bank is told the
 * new amount and what it stands in place of (field 90).
 */
export const adjustment: RecordedRow = adjustmentRow('32', '结算调整', 'Settlement adjustment');

/** 小费调整: the same with a tip on top. */
export const tipAdjustment: RecordedRow = adjustmentRow('34', '小费调整', 'Tip adjustment');

function adjustmentRow(transactionType: string, nameZh: string, nameEn: string): RecordedRow {
  return {
    kind: 'adjustment',
    nameZh,
    nameEn,
    match: { messageType: '0220', processingCode: '000000', conditionCode: '00', transactionType },
    answerType: '0230',
    mac: true,
    signedIn: true,
    openBatch: true,
    host: 'advised',
    required: [4, 11, 41, 42, 49, 60],
    keep: FINANCIAL_KEEP,
    keepApproved: FINANCIAL_KEEP_APPROVED,
    finishes: true,
    refusals: { tally_exceeded: { responseCode: '12', rule: 'original-already-taken-back' } },
    plan: adjust,
  };
}

async function adjust(request: Request, services: Services): Promise<Plan> {
  const { amountFen } = request;
  require(amountFen > 0, '13', 'amount-zero');
  findCard(request, services);
  const { fact, position } = await namedOriginal(request, services, ADJUSTABLE);
  require(fact.terminalId === request.terminalId, '25', 'original-of-another-terminal');
  const sameBatch = fact.batchNumber === request.field60.batchNumber;
  require(sameBatch, '12', 'original-batch-settled');
  const originalFen = fact.amountFen ?? 0;
  const { abovePercent } = services.settings.get('adjustment');
  const mostFen = originalFen + Math.floor((originalFen * abovePercent) / 100);
  require(amountFen <= mostFen, '64', 'adjustment-too-high');
  const payment = paymentOf(request);
  return {
    transfers: [
      payCardHolder({ ...payment, amountFen: originalFen }, TransferCode.adjustment),
      payMerchant(payment, TransferCode.adjustment),
    ],
    tallies: [
      takeBack(position, originalFen, originalFen),
      countInBatch(request, 'debit', originalFen, -1),
      countInBatch(request, 'debit', amountFen, 1),
    ],
    originalPosition: position,
  };
}
