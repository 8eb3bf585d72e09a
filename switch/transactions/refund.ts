import { TransferCode } from '../../ledger/chart-of-accounts.ts';
import { findCard } from '../checks/card.ts';
import { require } from '../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from './answer-fields.ts';
import { namedOriginal } from './original.ts';
import { REFUNDABLE } from './payments.ts';
import { countInBatch, payCardHolder, paymentOf, takeBack } from './postings.ts';
import type { RecordedRow } from './row.ts';

/** 退货: gives back a part of a purchase, on any day; all refunds together never exceed it. */
export const refund: RecordedRow = {
  kind: 'refund',
  nameZh: '退货',
  nameEn: 'Refund',
  match: { messageType: '0220', processingCode: '200000', transactionType: '25' },
  answerType: '0230',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'repeatable',
  required: [4, 11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  refusals: { tally_exceeded: { responseCode: '64', rule: 'refunds-exceed-original' } },

  async plan(request, services) {
    const { amountFen } = request;
    require(amountFen > 0, '13', 'amount-zero');
    findCard(request, services);
    const { fact, position } = await namedOriginal(request, services, REFUNDABLE);
    const originalFen = fact.amountFen ?? 0;
    require(amountFen <= originalFen, '64', 'amount-exceeds-original');
    return {
      transfers: [payCardHolder(paymentOf(request), TransferCode.refund)],
      tallies: [
        takeBack(position, amountFen, originalFen),
        countInBatch(request, 'credit', amountFen, 1),
      ],
      originalPosition: position,
    };
  },
};
