/**
 * The record that a void, refund, completion or reversal refers to.
 *
 * Field 37 of our answers is the journal position of the record, so an original that is named by it is
 * found at once, however old it is. Field 61 names it by batch and trace number, of which its entry id
 * was made; field 38 with the date in field 61 names what is held of a card.
 */
import type { BusinessTime } from '../../ledger/business-time.ts';
import { idFromHex } from '../../ledger/id.ts';
import type { Id, JournalRecord, TransactionFact } from '../../ledger/types.ts';
import { field61 as field61Layout } from '../../protocols/dialects/cup-fields.ts';
import type { FieldValues } from '../../protocols/iso8583/message.ts';
import { requestId } from '../entry-ids.ts';
import { AUTHORISATION_CODES, authorisationCode } from '../references.ts';
import { require } from '../refusal.ts';
import { EXTRA } from '../routed/asked.ts';
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
  else found = await originalByAuthorisation(request, sort, services);
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

/** How many records with the same code are looked at, the newest first. */
const CANDIDATES_MAX = 100;
/** In field 61, of terminals that do not keep it. */
const UNKNOWN_DATE = '0000';

/**
 * By field 38 as it was answered, of the card, the merchant, and the day that field 61 names. Our own
 * codes are made of positions; a bank's are its own, so the holds of its card are looked through.
 */
async function originalByAuthorisation(
  request: Request,
  sort: OriginalSort,
  services: Services,
): Promise<Original | null> {
  const code = request.message.get(38) ?? '';
  const { date = UNKNOWN_DATE } = field61Layout.parse(request.message.get(61) ?? '');
  const { time } = services.institutions.get(request.terminal.value.institution);
  const isNamed = (original: Original) =>
    answeredCode(original) === code &&
    original.fact.merchantId === request.merchantId &&
    original.fact.cardNumber === request.card?.value.number &&
    sort.kinds.includes(original.fact.kind) &&
    (date === UNKNOWN_DATE || date === dateOf(original, time));
  for (const position of positionsOf(code, services)) {
    const found = originalAt(position, services);
    if (found === null || !sort.kinds.includes(found.fact.kind)) continue;
    const original = await resolved(found, services);
    if (isNamed(original)) return original;
  }
  if (request.route === null) return null;
  return (await heldOriginals(request, services)).findLast(isNamed) ?? null;
}

/** Field 13 as the terminal was told it. */
function dateOf({ record }: Original, time: BusinessTime): string {
  return time.localFields(Math.floor(record.timestampUs / 1_000)).date;
}

/** Field 38 as the terminal was told it. */
function answeredCode({ fact, position }: Original): string {
  const answer = JSON.parse(fact.extra?.[EXTRA.answer] ?? '{}') as FieldValues;
  return String(answer[38] ?? authorisationCode(position));
}

/** Where records would stand whose code we made, the newest first. */
function* positionsOf(code: string, { reader }: Services): Iterable<number> {
  if (!/^\d{6}$/.test(code)) return;
  const { position: head } = reader.head();
  const newest = head - ((head - Number(code) + AUTHORISATION_CODES) % AUTHORISATION_CODES);
  for (let at = 0; at < CANDIDATES_MAX; at++) {
    const position = newest - at * AUTHORISATION_CODES;
    if (position < 1) return;
    yield position;
  }
}

/** What opened the holds that the merchant still has of the card, the oldest first. */
async function heldOriginals(
  { merchantId, card }: Request,
  services: Services,
): Promise<Original[]> {
  const ids: Id[] = [];
  for (const { value } of services.reader.registry.list('hold')) {
    const isTheirs = value.merchantId === merchantId && value.cardNumber === card?.value.number;
    if (isTheirs) ids.push(idFromHex(value.id)!);
  }
  const opened = await services.ledger.entries(ids);
  const positions = opened.map((entry) => entry?.position ?? 0).sort((a, b) => a - b);
  const originals: Original[] = [];
  for (const position of positions) {
    const original = originalAt(position, services);
    if (original !== null) originals.push(await resolved(original, services));
  }
  return originals;
}
