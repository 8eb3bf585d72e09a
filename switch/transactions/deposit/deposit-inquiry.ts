import { field54Amounts } from '../../../protocols/dialects/cup-fields.ts';
import { findCard } from '../../checks/card.ts';
import { FINANCIAL_KEEP } from '../answer-fields.ts';
import { heldNow } from '../held.ts';
import { namedOriginal } from '../original.ts';
import type { UnrecordedRow } from '../row.ts';
import { DEPOSITS } from './originals.ts';

/** 押金查询: what a deposit still holds, in field 54. Field 60.1 = 14 is ours. */
export const depositInquiry: UnrecordedRow = {
  kind: 'deposit-inquiry',
  nameZh: '押金查询',
  nameEn: 'Deposit inquiry',
  match: {
    messageType: '0100',
    processingCode: '310000',
    conditionCode: '06',
    transactionType: '14',
  },
  answerType: '0110',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: [2],
  finishes: true,

  async perform(request, services) {
    findCard(request, services);
    const original = await namedOriginal(request, services, DEPOSITS);
    const amountFen = heldNow(original, services)?.value.heldFen ?? 0;
    return {
      54: field54Amounts.format([
        { accountType: '10', amountType: '02', currency: '156', amountFen },
      ]),
    };
  },
};
