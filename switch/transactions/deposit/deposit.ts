import { checkCardUsable, checkPin, findCard } from '../../checks/card.ts';
import { openHold, releaseHold } from '../../holds/hold.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { HOLD_REFUSALS, heldBy, nowUs, partiesOf } from '../held.ts';
import { takeBack } from '../postings.ts';
import type { RecordedRow } from '../row.ts';

/**
 * 押金冻结: money is held at registration, charged part by part during the stay, and the rest let go at
 * discharge. The dialect has no such transaction; field 60.1 = 12 is ours, next to the pre-authorisation.
 */
export const deposit: RecordedRow = {
  kind: 'deposit',
  nameZh: '押金冻结',
  nameEn: 'Deposit held',
  match: {
    messageType: '0100',
    processingCode: '030000',
    conditionCode: '06',
    transactionType: '12',
  },
  answerType: '0110',
  mac: true,
  signedIn: true,
  openBatch: true,
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
    const { validSeconds } = services.settings.get('deposit');
    return openHold(partiesOf(request), 'deposit', amountFen, validSeconds, nowUs());
  },

  async undo(original, request, services) {
    const { amountFen } = request;
    const held = heldBy(original, services);
    require(held.value.heldFen === amountFen, '12', 'deposit-already-charged');
    return {
      ...releaseHold(partiesOf(request), held, 'reversed'),
      tallies: [takeBack(original.position, amountFen, amountFen)],
    };
  },
};
