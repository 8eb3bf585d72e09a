import { checkCardUsable, findCard } from '../../checks/card.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { countInBatch, takeBack } from '../postings.ts';
import type { RecordedRow } from '../row.ts';
import { payIn, payOut } from './counter-cash.ts';

/**
 * 现金充值: cash at a counter onto the one-card account, or onto a bank's card when the bank agrees: then
 * we owe the bank. Nobody needs a PIN to pay in.
 */
export const cashLoad: RecordedRow = {
  kind: 'cash-load',
  nameZh: '现金充值',
  nameEn: 'Cash paid in',
  match: {
    messageType: '0200',
    processingCode: '630000',
    conditionCode: '66',
    transactionType: '48',
  },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'reversible',
  required: [4, 11, 22, 41, 42, 49, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  refusals: { exceeds_credits: { responseCode: '51', rule: 'money-already-spent' } },

  async plan(request, services) {
    const { amountFen } = request;
    require(amountFen > 0, '13', 'amount-zero');
    require(request.message.get(49) === '156', 'A1', 'currency-not-yuan');
    const { value: card } = findCard(request, services);
    checkCardUsable(card, request, services);
    return {
      transfers: [payIn(request)],
      tallies: [countInBatch(request, 'credit', amountFen, 1)],
    };
  },

  async undo({ position }, request) {
    const { amountFen } = request;
    return {
      transfers: [payOut(request)],
      tallies: [
        takeBack(position, amountFen, amountFen),
        countInBatch(request, 'credit', amountFen, -1),
      ],
    };
  },
};
