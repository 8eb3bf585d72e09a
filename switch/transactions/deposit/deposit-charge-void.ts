import { findCard } from '../../checks/card.ts';
import { chargeHold } from '../../holds/hold.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { HOLD_REFUSALS, heldBy, nowUs, openingOf, partiesOf } from '../held.ts';
import { namedOriginal } from '../original.ts';
import { countInBatch, giveAgain, takeBack } from '../postings.ts';
import type { RecordedRow } from '../row.ts';
import { requireVoidable } from '../voidable.ts';
import { giveBackCharge } from './give-back.ts';
import { DEPOSIT_CHARGES } from './originals.ts';

/** 押金扣费撤销: takes a charge back within its batch; the deposit holds it again. Field 60.1 = 29 is ours. */
export const depositChargeVoid: RecordedRow = {
  kind: 'deposit-charge-void',
  nameZh: '押金扣费撤销',
  nameEn: 'Void of a charge against a deposit',
  match: {
    messageType: '0200',
    processingCode: '200000',
    conditionCode: '06',
    transactionType: '29',
  },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [4, 11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  finishes: true,
  refusals: HOLD_REFUSALS,

  async plan(request, services) {
    const { amountFen } = request;
    findCard(request, services);
    const original = await namedOriginal(request, services, DEPOSIT_CHARGES);
    const { position } = original;
    requireVoidable(original, request, services);
    return {
      ...giveBackCharge(original, request, services),
      tallies: [
        takeBack(position, amountFen, amountFen),
        countInBatch(request, 'credit', amountFen, 1),
      ],
      originalPosition: position,
    };
  },

  async undo(original, request, services) {
    const { amountFen } = request;
    const charge = openingOf(original, services);
    const held = heldBy(openingOf(charge, services), services);
    require(amountFen <= held.value.heldFen, '12', 'deposit-already-released');
    return {
      ...chargeHold(partiesOf(request), held, amountFen, nowUs()),
      tallies: [
        takeBack(original.position, amountFen, amountFen),
        giveAgain(charge.position, amountFen),
        countInBatch(request, 'credit', amountFen, -1),
      ],
    };
  },
};
