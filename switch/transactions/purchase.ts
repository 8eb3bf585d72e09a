import { TransferCode } from '../../ledger/chart-of-accounts.ts';
import { checkCardUsable, checkPin, findCard } from '../checks/card.ts';
import { require } from '../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from './answer-fields.ts';
import { countInBatch, payMerchant, paymentOf } from './postings.ts';
import type { RecordedRow } from './row.ts';
import { undoPayment } from './undo.ts';

/** 消费: the card holder pays the merchant. */
export const purchase: RecordedRow = {
  kind: 'purchase',
  nameZh: '消费',
  nameEn: 'Purchase',
  match: {
    messageType: '0200',
    processingCode: '000000',
    conditionCode: '00',
    transactionType: '22',
  },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'reversible',
  required: [4, 11, 22, 41, 42, 49, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  spends: true,

  async plan(request, services) {
    const { amountFen } = request;
    require(amountFen > 0, '13', 'amount-zero');
    require(request.message.get(49) === '156', 'A1', 'currency-not-yuan');
    const { value: card } = findCard(request, services);
    checkCardUsable(card, request, services);
    await checkPin(card, request, services);
    return {
      transfers: [payMerchant(paymentOf(request), TransferCode.purchase)],
      tallies: [countInBatch(request, 'debit', amountFen, 1)],
    };
  },

  undo: (original, request, services) => undoPayment(original, request, services),
};
