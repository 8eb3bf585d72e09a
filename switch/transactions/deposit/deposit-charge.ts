import { findCard } from '../../checks/card.ts';
import { chargeHold } from '../../holds/hold.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { HOLD_REFUSALS, heldBy, nowUs, partiesOf } from '../held.ts';
import { namedOriginal } from '../original.ts';
import { countInBatch, takeBack } from '../postings.ts';
import type { RecordedRow } from '../row.ts';
import { giveBackCharge } from './give-back.ts';
import { DEPOSITS } from './originals.ts';

/** 押金扣费: pays a part of a deposit to the merchant; what is left stays held. Field 60.1 = 28 is ours. */
export const depositCharge: RecordedRow = {
  kind: 'deposit-charge',
  nameZh: '押金扣费',
  nameEn: 'Charge against a deposit',
  match: {
    messageType: '0200',
    processingCode: '000000',
    conditionCode: '06',
    transactionType: '28',
  },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [4, 11, 41, 42, 49, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  finishes: true,
  refusals: HOLD_REFUSALS,

  async plan(request, services) {
    const { amountFen } = request;
    require(amountFen > 0, '13', 'amount-zero');
    require(request.message.get(49) === '156', 'A1', 'currency-not-yuan');
    findCard(request, services);
    const original = await namedOriginal(request, services, DEPOSITS);
    const held = heldBy(original, services);
    require(amountFen <= held.value.heldFen, '51', 'charge-exceeds-deposit');
    return {
      ...chargeHold(partiesOf(request), held, amountFen, nowUs()),
      tallies: [countInBatch(request, 'debit', amountFen, 1)],
      originalPosition: original.position,
    };
  },

  async undo(original, request, services) {
    const { amountFen } = request;
    return {
      ...giveBackCharge(original, request, services),
      tallies: [
        takeBack(original.position, amountFen, amountFen),
        countInBatch(request, 'debit', amountFen, -1),
      ],
    };
  },
};
