import { TransferCode } from '../../../ledger/chart-of-accounts.ts';
import { findCard } from '../../checks/card.ts';
import { completeHold, holdAgain } from '../../holds/hold.ts';
import { require } from '../../refusal.ts';
import type { Services } from '../../services.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { HOLD_REFUSALS, heldBy, nowUs, openedBy, openingOf, partiesOf } from '../held.ts';
import { namedOriginal, type Original } from '../original.ts';
import { countInBatch, payCardHolder, paymentOf, takeBack } from '../postings.ts';
import type { Plan, RecordedRow, Request } from '../row.ts';
import { PRE_AUTHORISATIONS } from './originals.ts';

/** 预授权完成请求: the merchant takes what the service cost, in one sum, and the rest is let go. */
export const completion: RecordedRow = {
  kind: 'completion',
  nameZh: '预授权完成',
  nameEn: 'Completion of a pre-authorisation',
  match: {
    messageType: '0200',
    processingCode: '000000',
    conditionCode: '06',
    transactionType: '20',
  },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'reversible',
  required: [4, 11, 41, 42, 49, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  finishes: true,
  refusals: HOLD_REFUSALS,
  plan: complete,

  async undo(original, request, services) {
    const { amountFen } = request;
    return {
      ...giveBackCompletion(original, request, services),
      tallies: [
        takeBack(original.position, amountFen, amountFen),
        countInBatch(request, 'debit', amountFen, -1),
      ],
    };
  },
};

/** 预授权完成通知: the same, told after the fact; it is stored and sent until answered, never reversed. */
export const completionNotice: RecordedRow = {
  kind: 'completion',
  nameZh: '预授权完成通知',
  nameEn: 'Notice of a completion',
  match: {
    messageType: '0220',
    processingCode: '000000',
    conditionCode: '06',
    transactionType: '24',
  },
  answerType: '0230',
  mac: true,
  signedIn: true,
  openBatch: true,
  host: 'advised',
  required: [4, 11, 41, 42, 49, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  finishes: true,
  refusals: HOLD_REFUSALS,
  plan: complete,
};

async function complete(request: Request, services: Services): Promise<Plan> {
  const { amountFen } = request;
  require(amountFen > 0, '13', 'amount-zero');
  require(request.message.get(49) === '156', 'A1', 'currency-not-yuan');
  findCard(request, services);
  const original = await namedOriginal(request, services, PRE_AUTHORISATIONS);
  const { overCompletionPercent } = services.settings.get('pre-authorisation');
  const authorisedFen = original.fact.amountFen ?? 0;
  const mostFen = authorisedFen + Math.floor((authorisedFen * overCompletionPercent) / 100);
  require(amountFen <= mostFen, '64', 'completion-exceeds-authorisation');
  const held = heldBy(original, services);
  return {
    ...completeHold(partiesOf(request), held, amountFen),
    tallies: [countInBatch(request, 'debit', amountFen, 1)],
    originalPosition: original.position,
  };
}

/**
 * The merchant gives a completion back and the pre-authorisation stands again. It holds what the
 * completion had taken, at most what was authorised: the rest was let go and may have been spent.
 */
export function giveBackCompletion(
  completed: Original,
  request: Request,
  services: Services,
): Pick<Plan, 'transfers' | 'registry' | 'blocks'> {
  const opening = openingOf(completed, services);
  const opened = openedBy(opening, 'pre-authorisation');
  const heldFen = Math.min(request.amountFen, opened.authorisedFen);
  const back = payCardHolder(paymentOf(request), TransferCode.reversal);
  const again = holdAgain(partiesOf(request), opened, null, heldFen, 1, nowUs());
  return { ...again, transfers: [back, ...again.transfers] };
}
