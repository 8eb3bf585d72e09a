import { findCard } from '../../checks/card.ts';
import { givenBack } from '../../controls/limits.ts';
import { holdAgain, releaseHold } from '../../holds/hold.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { HOLD_REFUSALS, heldBy, nowUs, openedBy, openingOf, partiesOf } from '../held.ts';
import { namedOriginal } from '../original.ts';
import { giveAgain, takeBack } from '../postings.ts';
import type { RecordedRow } from '../row.ts';
import { PRE_AUTHORISATIONS } from './originals.ts';

/** 预授权撤销: lets go of everything that a pre-authorisation holds, on any day. */
export const preAuthorisationVoid: RecordedRow = {
  kind: 'pre-authorisation-void',
  nameZh: '预授权撤销',
  nameEn: 'Void of a pre-authorisation',
  match: {
    messageType: '0100',
    processingCode: '200000',
    conditionCode: '06',
    transactionType: '11',
  },
  answerType: '0110',
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
    const original = await namedOriginal(request, services, PRE_AUTHORISATIONS);
    require(original.fact.amountFen === amountFen, '64', 'amount-differs-from-original');
    const held = heldBy(original, services);
    return {
      ...releaseHold(partiesOf(request), held, 'voided'),
      tallies: [
        takeBack(original.position, amountFen, amountFen),
        ...(await givenBack(original, request, services)),
      ],
      originalPosition: original.position,
    };
  },

  async undo(original, request, services) {
    const { amountFen } = request;
    const opening = openingOf(original, services);
    const opened = openedBy(opening, 'pre-authorisation');
    return {
      ...holdAgain(partiesOf(request), opened, null, amountFen, 0, nowUs()),
      tallies: [
        takeBack(original.position, amountFen, amountFen),
        giveAgain(opening.position, amountFen),
      ],
    };
  },
};
