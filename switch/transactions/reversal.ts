import { requestId, takenBackSubject } from '../entry-ids.ts';
import { require } from '../refusal.ts';
import { resolved, reverseOpen, undoAtHost, useForeignCard } from '../routed/resolved.ts';
import type { Services } from '../services.ts';
import { FINANCIAL_KEEP } from './answer-fields.ts';
import { type Original, originalAt, wasApproved } from './original.ts';
import { MESSAGE_TYPES, UNDOING_ROWS } from './reversible.ts';
import type { Plan, RecordedRow, Request } from './row.ts';

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
  finishes: true,
  refusals: {
    tally_exceeded: { responseCode: '12', rule: 'original-already-refunded' },
    pending_transfer_already_posted: { responseCode: '12', rule: 'original-already-completed' },
    pending_transfer_already_voided: { responseCode: '12', rule: 'original-already-ended' },
    pending_transfer_expired: { responseCode: '12', rule: 'original-already-ended' },
    pending_transfer_not_found: { responseCode: '12', rule: 'original-already-ended' },
  },

  async plan(request, services) {
    const { terminalId, traceNumber, field60 } = request;
    const messageType = MESSAGE_TYPES.get(field60.transactionType);
    require(messageType !== undefined, '12', 'original-cannot-be-reversed');
    const id = requestId(terminalId, field60.batchNumber, traceNumber, messageType);
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
    const row = UNDOING_ROWS.get(original.fact.kind);
    require(row?.undo !== undefined, '12', 'original-cannot-be-reversed');
    const plan = await undo(original, row.undo, request, services);
    if (plan.transfers === undefined) return plan;
    return { ...plan, extra: { ...plan.extra, ...undoAtHost(original) } };
  },
};

async function undo(
  original: Original,
  undoing: NonNullable<RecordedRow['undo']>,
  request: Request,
  services: Services,
): Promise<Plan> {
  const { fact, position } = original;
  const [gone] = await services.ledger.tallies([takenBackSubject(position)]);
  if (gone?.amountFen === request.amountFen) {
    return { originalPosition: position, rule: 'nothing-to-undo' };
  }
  const withCard = (fact.cardNumber ?? '') !== '';
  if (withCard && !useForeignCard(request, fact)) {
    const card = services.reader.registry.get('card', fact.cardNumber ?? '');
    if (card === null) throw new Error(`position ${position}: the card of the record is unknown`);
    request.card = card;
  }
  return { ...(await undoing(original, request, services)), originalPosition: position };
}
