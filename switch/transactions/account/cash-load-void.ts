import { findCard } from '../../checks/card.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { namedOriginal, type OriginalSort } from '../original.ts';
import { countInBatch, giveAgain, takeBack } from '../postings.ts';
import type { RecordedRow } from '../row.ts';
import { requireVoidable } from '../voidable.ts';
import { payIn, payOut } from './counter-cash.ts';

const CASH_LOADS: OriginalSort = { kinds: ['cash-load'], messageTypes: ['0200'] };

/** 现金充值撤销: the cash goes back over the counter, while it is still on the account. */
export const cashLoadVoid: RecordedRow = {
  kind: 'cash-load-void',
  nameZh: '现金充值撤销',
  nameEn: 'Void of cash paid in',
  match: { messageType: '0200', processingCode: '170000', transactionType: '51' },
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
    const original = await namedOriginal(request, services, CASH_LOADS);
    const { position } = original;
    requireVoidable(original, request, services);
    return {
      transfers: [payOut(request)],
      tallies: [
        takeBack(position, amountFen, amountFen),
        countInBatch(request, 'debit', amountFen, 1),
      ],
      originalPosition: position,
    };
  },

  async undo({ fact, position }, request) {
    const { amountFen } = request;
    return {
      transfers: [payIn(request)],
      tallies: [
        takeBack(position, amountFen, amountFen),
        giveAgain(fact.originalPosition ?? 0, amountFen),
        countInBatch(request, 'debit', amountFen, -1),
      ],
    };
  },
};
