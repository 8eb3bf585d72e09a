import { checkCardUsable, checkPin, findCard, requirePin } from '../../checks/card.ts';
import { KEY_NAME } from '../../keys.ts';
import { chipOf, needed, purseDataOf } from '../../purse/chip.ts';
import { type OnlineKind, onlineAnswer, planOnline, planUndo } from '../../purse/online.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { takeBack } from '../postings.ts';
import type { RecordedRow } from '../row.ts';

const UNLOAD: OnlineKind = {
  kind: 'unload',
  keyName: KEY_NAME.epurseUnload,
  mac1: 'unload-mac1',
  mac2: 'unload-mac2',
  between: ({ account, card }) => ({ debitAccount: account, creditAccount: card.accountId }),
};

/**
 * 圈提: from the e-deposit on the chip back to the account. The dialect has no such transaction;
 * field 3 = 610000 and field 60.1 = 52 are ours, next to those of the load.
 */
export const unload: RecordedRow = {
  kind: 'unload',
  nameZh: '圈提',
  nameEn: 'Unload',
  match: {
    messageType: '0200',
    processingCode: '610000',
    conditionCode: '91',
    transactionType: '52',
  },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [4, 11, 22, 41, 42, 49, 55, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,

  async plan(request, services) {
    require(request.amountFen > 0, '13', 'amount-zero');
    require(request.message.get(49) === '156', 'A1', 'currency-not-yuan');
    const data = purseDataOf(request);
    const { serial, type, balanceFen } = needed(data, 'serial', 'type', 'balanceFen');
    require(type === 3, '12', 'purse-type-not-an-unload');
    const { value: card } = findCard(request, services);
    const chip = chipOf(serial, type, request, services);
    require(chip.card.number === card.number, '14', 'chip-of-another-card');
    checkCardUsable(card, request, services);
    requirePin(request);
    await checkPin(card, request, services);
    require(chip.item !== null, '51', 'purse-never-loaded');
    require(request.amountFen <= balanceFen, '51', 'purse-balance-too-low');
    return planOnline(UNLOAD, chip, data, request, services);
  },

  async undo({ position, record, fact }, request, services) {
    const extra = fact.extra ?? {};
    const chip = chipOf(extra['serial'] ?? '', Number(extra['type']), request, services);
    const undone = planUndo(chip, record, request);
    const gone = takeBack(position, request.amountFen, request.amountFen);
    return { ...undone, tallies: [...(undone.tallies ?? []), gone] };
  },

  answerFields: onlineAnswer,
};
