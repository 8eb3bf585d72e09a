import { TransferCode } from '../../ledger/chart-of-accounts.ts';
import { findCard } from '../checks/card.ts';
import { givenBack } from '../controls/limits.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from './answer-fields.ts';
import { namedOriginal } from './original.ts';
import { PAYMENTS } from './payments.ts';
import {
  countInBatch,
  giveAgain,
  payCardHolder,
  payMerchant,
  paymentOf,
  takeBack,
} from './postings.ts';
import type { RecordedRow } from './row.ts';
import { requireVoidable } from './voidable.ts';

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
  finishes: true,
  refusals: { tally_exceeded: { responseCode: '12', rule: 'original-already-taken-back' } },

  async plan(request, services) {
    const { amountFen } = request;
    findCard(request, services);
    const original = await namedOriginal(request, services, PAYMENTS);
    const { position } = original;
    requireVoidable(original, request, services);
    return {
      transfers: [payCardHolder(paymentOf(request), TransferCode.void)],
      tallies: [
        takeBack(position, amountFen, amountFen),
        countInBatch(request, 'credit', amountFen, 1),
        ...(await givenBack(original, request, services)),
      ],
      originalPosition: position,
    };
  },

  async undo({ fact, position }, request) {
    const { amountFen } = request;
    return {
      transfers: [payMerchant(paymentOf(request), TransferCode.reversal)],
      tallies: [
        takeBack(position, amountFen, amountFen),
        giveAgain(fact.originalPosition ?? 0, amountFen),
        countInBatch(request, 'credit', amountFen, -1),
      ],
    };
  },
};
