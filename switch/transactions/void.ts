import { TransferCode } from '../../ledger/chart-of-accounts.ts';
import { findCard } from '../checks/card.ts';
import { require } from '../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from './answer-fields.ts';
import { namedOriginal } from './original.ts';
import { countInBatch, payCardHolder, takeBack } from './postings.ts';
import type { RecordedRow } from './row.ts';

/** 消费撤销: undoes a whole purchase of the same terminal within its open batch. */
export const purchaseVoid: RecordedRow = {
  kind: 'void',
  nameZh: '消费撤销',
  nameEn: 'Void of a purchase',
  match: { messageType: '0200', processingCode: '200000', transactionType: '23' },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'reversible',
  required: [4, 11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  refusals: { tally_exceeded: { responseCode: '12', rule: 'original-already-taken-back' } },

  async plan(request, services) {
    const { amountFen } = request;
    const { value: card } = findCard(request, services);
    const original = await namedOriginal(request, services);
    const { fact, position } = original;
    require(fact.terminalId === request.terminalId, '25', 'original-of-another-terminal');
    const sameBatch = fact.batchNumber === request.field60.batchNumber;
    require(sameBatch, '12', 'original-batch-settled');
    require(fact.amountFen === amountFen, '64', 'amount-differs-from-original');
    const payment = {
      cardAccount: card.accountId,
      merchantAccount: request.merchant.accountId,
      amountFen,
    };
    return {
      transfers: [payCardHolder(payment, TransferCode.void)],
      tallies: [
        takeBack(position, amountFen, amountFen),
        countInBatch(request, 'credit', amountFen, 1),
      ],
      originalPosition: position,
    };
  },
};
