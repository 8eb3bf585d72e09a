import { findCard } from '../../checks/card.ts';
import { completeHold } from '../../holds/hold.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { HOLD_REFUSALS, heldBy, openingOf, partiesOf } from '../held.ts';
import { namedOriginal } from '../original.ts';
import { countInBatch, giveAgain, takeBack } from '../postings.ts';
import type { RecordedRow } from '../row.ts';
import { requireVoidable } from '../voidable.ts';
import { giveBackCompletion } from './completion.ts';
import { COMPLETIONS } from './originals.ts';

/** 预授权完成撤销: takes a completion back within its batch; the pre-authorisation stands again. */
export const completionVoid: RecordedRow = {
  kind: 'completion-void',
  nameZh: '预授权完成撤销',
  nameEn: 'Void of a completion',
  match: {
    messageType: '0200',
    processingCode: '200000',
    conditionCode: '06',
    transactionType: '21',
  },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'reversible',
  required: [4, 11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  finishes: true,
  refusals: HOLD_REFUSALS,

  async plan(request, services) {
    const { amountFen } = request;
    findCard(request, services);
    const original = await namedOriginal(request, services, COMPLETIONS);
    const { position } = original;
    requireVoidable(original, request, services);
    return {
      ...giveBackCompletion(original, request, services),
      tallies: [
        takeBack(position, amountFen, amountFen),
        countInBatch(request, 'credit', amountFen, 1),
      ],
      originalPosition: position,
    };
  },

  async undo(original, request, services) {
    const { amountFen } = request;
    const completed = openingOf(original, services);
    const held = heldBy(openingOf(completed, services), services);
    return {
      ...completeHold(partiesOf(request), held, amountFen),
      tallies: [
        takeBack(original.position, amountFen, amountFen),
        giveAgain(completed.position, amountFen),
        countInBatch(request, 'credit', amountFen, -1),
      ],
    };
  },
};
