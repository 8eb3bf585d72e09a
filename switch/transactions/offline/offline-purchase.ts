import { TransferCode } from '../../../ledger/chart-of-accounts.ts';
import { findCard } from '../../checks/card.ts';
import { require } from '../../refusal.ts';
import type { Services } from '../../services.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { countInBatch, payMerchant, paymentOf } from '../postings.ts';
import type { Plan, RecordedRow, Request } from '../row.ts';

/**
 * 离线结算: a purchase that was authorised on another way (by telephone, while the line was down) and is
 * told afterwards. The goods are gone, so a card that was reported lost since still pays; only money
 * that is not there cannot.
 */
export const offlinePurchase: RecordedRow = {
  kind: 'offline-purchase',
  nameZh: '离线消费',
  nameEn: 'Offline purchase',
  match: {
    messageType: '0220',
    processingCode: '000000',
    conditionCode: '00',
    transactionType: '30',
  },
  answerType: '0230',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'advised',
  required: [4, 11, 22, 38, 41, 42, 49, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  finishes: true,
  plan: planOfflinePurchase,
};

async function planOfflinePurchase(request: Request, services: Services): Promise<Plan> {
  const { amountFen } = request;
  require(amountFen > 0, '13', 'amount-zero');
  require(request.message.get(49) === '156', 'A1', 'currency-not-yuan');
  const { value: card } = findCard(request, services);
  require(card.status !== 'closed', '14', 'card-closed');
  return {
    transfers: [payMerchant(paymentOf(request), TransferCode.purchase)],
    tallies: [countInBatch(request, 'debit', amountFen, 1)],
    extra: { authorisation: request.message.get(38) ?? '' },
  };
}
