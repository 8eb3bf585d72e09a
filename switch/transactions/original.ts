/**
 * The record that a void, refund or reversal refers to.
 *
 * Field 37 of our answers is the journal position of the record, so the original of a void or refund
 * is found at once, however old it is. A reversal has no field 37; it carries the trace number of its
 * original, whose entry id can be made again.
 */
import type { JournalRecord, TransactionFact } from '../../ledger/types.ts';
import { field61 as field61Layout } from '../../protocols/dialects/cup-fields.ts';
import { requestId } from '../entry-ids.ts';
import { require } from '../refusal.ts';
import { resolved } from '../routed/resolved.ts';
import type { Services } from '../services.ts';
import type { Request } from './row.ts';

/** A transaction that was approved and recorded. */
export interface Original {
  position: number;
  record: JournalRecord;
  fact: TransactionFact;
}

/** The journal record at a position as a transaction, or null when it is something else. */
export function originalAt(position: number, { reader }: Services): Original | null {
  const record = reader.record(position);
  const fact = record?.entry.fact?.transaction;
  return record !== null && fact !== undefined ? { position, record, fact } : null;
}

export function wasApproved({ record, fact }: Original): boolean {
  return record.status === 'applied' && fact.responseCode === '00';
}

/**
 * The purchase that fields 37 and 61 name. Refuses with 25 when there is none of this merchant and
 * card, with 12 when what they name was not an approved purchase.
 */
export async function namedOriginal(request: Request, services: Services): Promise<Original> {
  const field61 = readField61(request.message.get(61));
  const reference = request.message.get(37) ?? '';
  const byReference = /^\d{12}$/.test(reference) && Number(reference) > 0;
  require(byReference || field61 !== null, '25', 'original-not-named');
  const found = byReference
    ? originalAt(Number(reference), services)
    : await originalByTrace(request, field61!.batchNumber, field61!.traceNumber, services);
  require(found !== null, '25', 'original-not-found');
  const original = await resolved(found, services);
  const { fact } = original;
  require(fact.merchantId === request.merchantId, '25', 'original-of-another-merchant');
  const sameTrace = field61 === null || Number(field61.traceNumber) === Number(fact.traceNumber);
  require(sameTrace, '25', 'original-trace-differs');
  require(fact.cardNumber === request.card?.value.number, '25', 'original-of-another-card');
  require(fact.kind === 'purchase' && wasApproved(original), '12', 'original-not-an-approved-sale');
  return original;
}

/** Batch and trace of the original; a refund of an older day may have sent a zero batch. */
function readField61(
  text: string | undefined,
): { batchNumber: string; traceNumber: string } | null {
  const { batchNumber, traceNumber } = field61Layout.parse(text ?? '');
  if (batchNumber?.length !== 6 || traceNumber?.length !== 6) return null;
  return { batchNumber, traceNumber };
}

async function originalByTrace(
  request: Request,
  batchNumber: string,
  traceNumber: string,
  services: Services,
): Promise<Original | null> {
  const id = requestId(request.terminalId, batchNumber, traceNumber, '0200');
  const [found] = await services.ledger.entries([id]);
  return found ? originalAt(found.position, services) : null;
}
