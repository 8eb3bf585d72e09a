import { findCard } from '../../checks/card.ts';
import { holdAgain, releaseHold } from '../../holds/hold.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { HOLD_REFUSALS, heldBy, heldNow, nowUs, openedBy, openingOf, partiesOf } from '../held.ts';
import { namedOriginal } from '../original.ts';
import { takeBack } from '../postings.ts';
import type { RecordedRow } from '../row.ts';
import { DEPOSITS } from './originals.ts';

/**
 * 押金解冻: lets go of what is left of a deposit. The amount must be exactly that, so that a charge that
 * came meanwhile is not overlooked. Field 60.1 = 13 is ours.
 */
export const depositRelease: RecordedRow = {
  kind: 'deposit-release',
  nameZh: '押金解冻',
  nameEn: 'Release of a deposit',
  match: {
    messageType: '0100',
    processingCode: '200000',
    conditionCode: '06',
    transactionType: '13',
  },
  answerType: '0110',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [4, 11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  finishes: true,
  refusals: HOLD_REFUSALS,

  async plan(request, services) {
    findCard(request, services);
    const original = await namedOriginal(request, services, DEPOSITS);
    const held = heldBy(original, services);
    const whole = held.value.heldFen === request.amountFen;
    require(whole, '64', 'amount-differs-from-what-is-held');
    return {
      ...releaseHold(partiesOf(request), held, 'released'),
      originalPosition: original.position,
    };
  },

  async undo(original, request, services) {
    const { amountFen } = request;
    const opening = openingOf(original, services);
    const chargedFen = (opening.fact.amountFen ?? 0) - amountFen;
    const opened = { ...openedBy(opening, 'deposit'), chargedFen: Math.max(0, chargedFen) };
    const item = heldNow(opening, services);
    return {
      ...holdAgain(partiesOf(request), opened, item, amountFen, 0, nowUs()),
      tallies: [takeBack(original.position, amountFen, amountFen)],
    };
  },
};
