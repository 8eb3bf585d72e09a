import { checkCardUsable, checkPin, findCard } from '../../checks/card.ts';
import { givenBack } from '../../controls/limits.ts';
import { openHold, releaseHold } from '../../holds/hold.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { HOLD_REFUSALS, heldBy, nowUs, partiesOf } from '../held.ts';
import { takeBack } from '../postings.ts';
import type { RecordedRow } from '../row.ts';

/** 预授权: money is held for the merchant until it is completed, voided, or its time is over. */
export const preAuthorisation: RecordedRow = {
  kind: 'pre-authorisation',
  nameZh: '预授权',
  nameEn: 'Pre-authorisation',
  match: {
    messageType: '0100',
    processingCode: '030000',
    conditionCode: '06',
    transactionType: '10',
  },
  answerType: '0110',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'reversible',
  required: [4, 11, 22, 41, 42, 49, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  spends: true,
  refusals: HOLD_REFUSALS,

  async plan(request, services) {
    const { amountFen } = request;
    require(amountFen > 0, '13', 'amount-zero');
    require(request.message.get(49) === '156', 'A1', 'currency-not-yuan');
    const { value: card } = findCard(request, services);
    checkCardUsable(card, request, services);
    await checkPin(card, request, services);
    const { validSeconds } = services.settings.get('pre-authorisation');
    return openHold(partiesOf(request), 'pre-authorisation', amountFen, validSeconds, nowUs());
  },

  async undo(original, request, services) {
    const { amountFen } = request;
    const held = heldBy(original, services);
    return {
      ...releaseHold(partiesOf(request), held, 'reversed'),
      tallies: [
        takeBack(original.position, amountFen, amountFen),
        ...(await givenBack(original, request, services)),
      ],
    };
  },
};
