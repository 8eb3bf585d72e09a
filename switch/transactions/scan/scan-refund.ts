import { TransferCode } from '../../../ledger/chart-of-accounts.ts';
import { givenBack } from '../../controls/limits.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import {
  countInBatch,
  giveAgain,
  payCardHolder,
  payMerchant,
  paymentOf,
  takeBack,
} from '../postings.ts';
import type { RecordedRow } from '../row.ts';
import { requireVoidable } from '../voidable.ts';
import { paidByCode } from './scanned.ts';

/** 扫码退货: gives back a part of a scan payment on any day; all together never more than was paid. */
export const scanRefund: RecordedRow = {
  kind: 'refund',
  nameZh: '扫码退货',
  nameEn: 'Refund of a scan payment',
  match: { messageType: '0200', processingCode: '720000', transactionType: '60' },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [4, 11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  refusals: { tally_exceeded: { responseCode: '64', rule: 'refunds-exceed-original' } },

  async plan(request, services) {
    const { amountFen } = request;
    require(amountFen > 0, '13', 'amount-zero');
    const { fact, position } = await paidByCode(request, services);
    const paidFen = fact.amountFen ?? 0;
    require(amountFen <= paidFen, '64', 'amount-exceeds-original');
    return {
      transfers: [payCardHolder(paymentOf(request), TransferCode.refund)],
      tallies: [
        takeBack(position, amountFen, paidFen),
        countInBatch(request, 'credit', amountFen, 1),
      ],
      originalPosition: position,
    };
  },
};

/** 扫码撤销: takes a whole scan payment back within its batch. */
export const scanVoid: RecordedRow = {
  kind: 'void',
  nameZh: '扫码撤销',
  nameEn: 'Void of a scan payment',
  match: { messageType: '0200', processingCode: '730000', transactionType: '60' },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [4, 11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  finishes: true,
  refusals: { tally_exceeded: { responseCode: '12', rule: 'original-already-taken-back' } },

  async plan(request, services) {
    const { amountFen } = request;
    const original = await paidByCode(request, services);
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
