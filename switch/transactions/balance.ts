import { field54Amounts } from '../../protocols/dialects/cup-fields.ts';
import { checkCardUsable, checkPin, findCard } from '../checks/card.ts';
import { FINANCIAL_KEEP } from './answer-fields.ts';
import type { UnrecordedRow } from './row.ts';

/** 余额查询: what the card holder can still spend. It moves nothing, so it leaves no record. */
export const balance: UnrecordedRow = {
  kind: 'balance',
  nameZh: '余额查询',
  nameEn: 'Balance inquiry',
  match: { messageType: '0200', processingCode: '310000', transactionType: '01' },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'inquiry',
  required: [11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: [2],

  async perform(request, services) {
    const { value: card } = findCard(request, services);
    checkCardUsable(card, request, services);
    await checkPin(card, request, services);
    const [account] = await services.ledger.accounts([card.accountId]);
    if (!account) throw new Error(`the card of position ${request.card?.version} has no account`);
    const availableFen =
      account.creditsPostedFen - account.debitsPostedFen - account.debitsPendingFen;
    return {
      54: field54Amounts.format([
        { accountType: '10', amountType: '02', currency: '156', amountFen: availableFen },
      ]),
    };
  },
};
