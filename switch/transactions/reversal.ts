import { TransferCode } from '../../ledger/chart-of-accounts.ts';
import { requestId, takenBackSubject } from '../entry-ids.ts';
import { Refusal, require } from '../refusal.ts';
import { resolved, reverseOpen, undoAtHost, useForeignCard } from '../routed/resolved.ts';
import type { Services } from '../services.ts';
import { FINANCIAL_KEEP } from './answer-fields.ts';
import { type Original, originalAt, wasApproved } from './original.ts';
import { countInBatch, giveAgain, payCardHolder, payMerchant, takeBack } from './postings.ts';
import type { Plan, RecordedRow, Request } from './row.ts';

/** Message type of what a reversal undoes, by field 60.1 of both. */
const ORIGINAL_TYPES: Record<string, string> = { '22': '0200', '23': '0200' };

/**
 * 冲正: the terminal got no usable answer and wants the original undone. Whatever is found, the
 * terminal learns that nothing of the original is left: it was undone, or never happened and never
 * will (its id is blocked, so that a late original is refused).
 */
export const reversal: RecordedRow = {
  kind: 'reversal',
  nameZh: '冲正',
  nameEn: 'Reversal',
  match: { messageType: '0400' },
  answerType: '0410',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [3, 4, 11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: [2, 4],
  refusals: { tally_exceeded: { responseCode: '12', rule: 'original-already-refunded' } },

  async plan(request, services) {
    const originalType = ORIGINAL_TYPES[request.field60.transactionType];
    require(originalType !== undefined, '12', 'original-cannot-be-reversed');
    const { terminalId, traceNumber, field60 } = request;
    const id = requestId(terminalId, field60.batchNumber, traceNumber, originalType);
    const [found] = await services.ledger.entries([id]);
    if (!found) return { blocks: [id], rule: 'original-not-found' };
    const recorded = originalAt(found.position, services);
    const open = recorded === null ? null : await reverseOpen(recorded, services);
    if (open !== null) return open;
    const original = recorded === null ? null : await resolved(recorded, services);
    if (original === null || !wasApproved(original) || original.fact.kind === 'reversal') {
      return { originalPosition: found.position, rule: 'nothing-to-undo' };
    }
    require(original.fact.amountFen === request.amountFen, '64', 'amount-differs-from-original');
    const plan = await undo(original, request, services);
    if (plan.transfers === undefined) return plan;
    return { ...plan, extra: { ...plan.extra, ...undoAtHost(original) } };
  },
};

async function undo(original: Original, request: Request, services: Services): Promise<Plan> {
  const { fact, position } = original;
  const amountFen = request.amountFen;
  const [gone] = await services.ledger.tallies([takenBackSubject(position)]);
  if (gone?.amountFen === amountFen) {
    return { originalPosition: position, rule: 'nothing-to-undo' };
  }
  if (!useForeignCard(request, fact)) {
    const card = services.reader.registry.get('card', fact.cardNumber ?? '');
    if (card === null) throw new Error(`position ${position}: the card of the record is unknown`);
    request.card = card;
  }
  const payment = {
    cardAccount: request.card!.value.accountId,
    merchantAccount: request.merchant.accountId,
    amountFen,
  };
  if (fact.kind === 'purchase') {
    return {
      transfers: [payCardHolder(payment, TransferCode.reversal)],
      tallies: [
        takeBack(position, amountFen, amountFen),
        countInBatch(request, 'debit', amountFen, -1),
      ],
      originalPosition: position,
    };
  }
  if (fact.kind === 'void' && fact.originalPosition !== undefined) {
    return {
      transfers: [payMerchant(payment, TransferCode.reversal)],
      tallies: [
        takeBack(position, amountFen, amountFen),
        giveAgain(fact.originalPosition, amountFen),
        countInBatch(request, 'credit', amountFen, -1),
      ],
      originalPosition: position,
    };
  }
  throw new Refusal('12', 'original-cannot-be-reversed');
}
