/**
 * The record that a void, refund, completion or reversal refers to.
 *
 * Field 37 of our answers is the journal position of the record, so an original that is named by it is
 * found at once, however old it is. Field 61 names it by batch and trace number, of which its entry id
 * was made; field 38 gives the last six digits of its position.
 */
import type { JournalRecord, TransactionFact } from '../../ledger/types.ts';
import { field61 as field61Layout } from '../../protocols/dialects/cup-fields.ts';
import { requestId } from '../entry-ids.ts';
import { require } from '../refusal.ts';
import { resolved } from '../routed/resolved.ts';
import type { Services } from '../services.ts';
import type { Request } from './row.ts';

/** A transaction that was recorded. */
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

/** Which originals a transaction may name, and how they were sent. */
export interface OriginalSort {
  kinds: readonly string[];
  messageTypes: readonly string[];
  /** Field 38 may name it when fields 37 and 61 do not. */
  byAuthorisation?: true;
  /** The request need not name a card: it was paid by a code. */
  withoutCard?: true;
}

/**
 * The transaction that fields 37, 61 or 38 name. Refuses with 25 when there is none of this merchant
 * and card, with 12 when what they name was not approved or is of another sort.
 */
export async function namedOriginal(
  request: Request,
  services: Services,
  sort: OriginalSort,
): Promise<Original> {
  const field61 = readField61(request.message.get(61));
  const reference = request.message.get(37) ?? '';
  const byReference = /^\d{12}$/.test(reference) && Number(reference) > 0;
  const byAuthorisation = sort.byAuthorisation === true && request.message.has(38);
  require(byReference || field61 !== null || byAuthorisation, '25', 'original-not-named');
  let found: Original | null = null;
  if (byReference) found = originalAt(Number(reference), services);
  else if (field61 !== null) found = await originalByTrace(request, field61, sort, services);
  else found = originalByAuthorisation(request, sort, services);
  require(found !== null, '25', 'original-not-found');
  const original = await resolved(found, services);
  const { fact } = original;
  require(fact.merchantId === request.merchantId, '25', 'original-of-another-merchant');
  const sameTrace = field61 === null || Number(field61.traceNumber) === Number(fact.traceNumber);
  require(sameTrace, '25', 'original-trace-differs');
  const sameCard = fact.cardNumber === request.card?.value.number || sort.withoutCard === true;
  require(sameCard, '25', 'original-of-another-card');
  const fits = sort.kinds.includes(fact.kind) && wasApproved(original);
  require(fits, '12', `original-not-an-approved-${sort.kinds[0]}`);
  return original;
}

interface NamedByTrace {
  batchNumber: string;
  traceNumber: string;
}

/** Batch and trace of the original; terminals that name it otherwise send zeros. */
function readField61(text: string | undefined): NamedByTrace | null {
  const { batchNumber, traceNumber } = field61Layout.parse(text ?? '');
  if (batchNumber?.length !== 6 || traceNumber?.length !== 6) return null;
  return Number(traceNumber) === 0 ? null : { batchNumber, traceNumber };
}

async function originalByTrace(
  { terminalId }: Request,
  { batchNumber, traceNumber }: NamedByTrace,
  { messageTypes }: OriginalSort,
  services: Services,
): Promise<Original | null> {
  const ids = messageTypes.map((type) => requestId(terminalId, batchNumber, traceNumber, type));
  const found = (await services.ledger.entries(ids)).find((entry) => entry !== null);
  return found === undefined ? null : originalAt(found!.position, services);
}

/** Field 38 is the position modulo this. */
const AUTHORISATIONS = 1_000_000;
/** How many records with the same code are looked at, the newest first. */
const CANDIDATES_MAX = 100;

function originalByAuthorisation(
  { message, merchantId, card }: Request,
  { kinds }: OriginalSort,
  services: Services,
): Original | null {
  const code = message.get(38) ?? '';
  if (!/^\d{6}$/.test(code)) return null;
  const { position: head } = services.reader.head();
  const newest = head - ((head - Number(code) + AUTHORISATIONS) % AUTHORISATIONS);
  for (let at = 0; at < CANDIDATES_MAX; at++) {
    const position = newest - at * AUTHORISATIONS;
    if (position < 1) return null;
    const original = originalAt(position, services);
    if (original === null || !kinds.includes(original.fact.kind)) continue;
    const { fact } = original;
    if (fact.merchantId === merchantId && fact.cardNumber === card?.value.number) return original;
  }
  return null;
}
