import { TransferCode, YUAN_LEDGER } from '../../../ledger/chart-of-accounts.ts';
import { maskPan } from '../../../protocols/mask.ts';
import {
  cardByNumber,
  checkCardUsable,
  checkPin,
  findCard,
  requirePin,
} from '../../checks/card.ts';
import { givenBack } from '../../controls/limits.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { takeBack } from '../postings.ts';
import type { RecordedRow, Request } from '../row.ts';

/**
 * 账户充值/转账: from the account of one card (field 2, with its PIN) to that of another (its number in
 * field 62, always one of ours). A bank's card may pay, too. No merchant takes part, so the batch's totals do not count it.
 */
export const accountTransfer: RecordedRow = {
  kind: 'account-transfer',
  nameZh: '账户转账',
  nameEn: 'Transfer between cards',
  match: {
    messageType: '0200',
    processingCode: '400000',
    conditionCode: '66',
    transactionType: '49',
  },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'reversible',
  required: [4, 11, 22, 41, 42, 49, 60, 62],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  spends: true,

  async plan(request, services) {
    const { amountFen } = request;
    require(amountFen > 0, '13', 'amount-zero');
    require(request.message.get(49) === '156', 'A1', 'currency-not-yuan');
    const { value: card } = findCard(request, services);
    checkCardUsable(card, request, services);
    requirePin(request);
    await checkPin(card, request, services);
    const number = receivingCard(request);
    require(number !== card.number, '12', 'transfer-to-itself');
    const { value: receiver } = cardByNumber(number, request, services);
    checkCardUsable(receiver, request, services);
    return {
      transfers: [
        {
          debitAccount: card.accountId,
          creditAccount: receiver.accountId,
          amountFen,
          ledger: YUAN_LEDGER,
          code: TransferCode.accountTransfer,
        },
      ],
      extra: { receivingCard: maskPan(number) },
    };
  },

  async undo(original, request, services) {
    const { amountFen } = request;
    const moved = original.record.entry.transfers?.[0];
    if (moved === undefined) throw new Error(`position ${original.position} moved no money`);
    return {
      transfers: [
        {
          debitAccount: moved.creditAccount!,
          creditAccount: moved.debitAccount!,
          amountFen,
          ledger: YUAN_LEDGER,
          code: TransferCode.reversal,
        },
      ],
      tallies: [
        takeBack(original.position, amountFen, amountFen),
        ...(await givenBack(original, request, services)),
      ],
    };
  },
};

/** Field 62: the number of the card that receives, as text. */
export function receivingCard({ message }: Request): string {
  const number = Buffer.from(message.bytes(62) ?? []).toString('latin1');
  require(/^\d{12,19}$/.test(number), '14', 'receiving-card-missing');
  return number;
}
