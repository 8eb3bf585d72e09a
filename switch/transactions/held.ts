/** Holds as requests of terminals see them, shared by pre-authorisations and deposits. */
import type { EntryStatus } from '../../ledger/types.ts';
import {
  findHold,
  type HoldItem,
  type HoldKind,
  type HoldParties,
  type OpenedHold,
} from '../holds/hold.ts';
import { require } from '../refusal.ts';
import type { Services } from '../services.ts';
import { type Original, originalAt } from './original.ts';
import { paymentOf } from './postings.ts';
import type { Request } from './row.ts';

const ENDED = { responseCode: '22', rule: 'hold-expired' };

/** What the ledger says when the money is held no more. */
export const HOLD_REFUSALS: Partial<Record<EntryStatus, { responseCode: string; rule: string }>> = {
  tally_exceeded: { responseCode: '12', rule: 'original-already-taken-back' },
  pending_transfer_expired: ENDED,
  pending_transfer_not_found: ENDED,
};

export function partiesOf(request: Request): HoldParties {
  const { entryId, terminal, merchantId, terminalId } = request;
  return {
    entryId,
    institution: terminal.value.institution,
    merchantId,
    terminalId,
    cardNumber: request.card?.value.number ?? '',
    ...paymentOf(request),
    who: `terminal ${terminalId}`,
  };
}

export function nowUs(): number {
  return Date.now() * 1_000;
}

/** The hold that the original opened. Refuses with 12 when nothing is held any more. */
export function heldBy(original: Original, { reader }: Services): HoldItem {
  const item = findHold(original.record.entry.id, reader);
  require(item !== null, '12', 'nothing-held-any-more');
  return item;
}

/** The same, or null. */
export function heldNow(original: Original, { reader }: Services): HoldItem | null {
  return findHold(original.record.entry.id, reader);
}

/** The record that opened the hold of a completion, charge or release. */
export function openingOf({ fact, position }: Original, services: Services): Original {
  const opening = originalAt(fact.originalPosition ?? 0, services);
  if (opening === null) throw new Error(`position ${position} names no original`);
  return opening;
}

/** How the hold of a record was opened, and until when it was to last. */
export function openedBy({ record, fact }: Original, kind: HoldKind): OpenedHold {
  const timeoutSeconds = record.entry.transfers?.[0]?.timeoutSeconds ?? 0;
  return {
    openedBy: record.entry.id,
    kind,
    authorisedFen: fact.amountFen ?? 0,
    chargedFen: 0,
    expiresUs: timeoutSeconds === 0 ? 0 : record.timestampUs + timeoutSeconds * 1_000_000,
  };
}
