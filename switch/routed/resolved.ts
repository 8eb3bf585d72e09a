/** An original that was asked of a host, for what refers to it: voids, refunds, reversals. */
import type { JournalRecord, TransactionFact } from '../../ledger/types.ts';
import type { Plan, Request } from '../transactions/row.ts';
import {
  type Asked,
  askedOf,
  EXTRA,
  foreignCard,
  type LedgerAndReader,
  releaseOf,
  resultId,
  stateOf,
} from './asked.ts';

interface RecordedOriginal {
  position: number;
  record: JournalRecord;
  fact: TransactionFact;
}

/**
 * The original as its result says it, under the position and the id that everybody knows it by: those
 * of the asked record.
 */
export async function resolved<Original extends RecordedOriginal>(
  original: Original,
  services: LedgerAndReader,
): Promise<Original> {
  const asked = askedOf(original.record);
  if (asked === null) return original;
  const now = await stateOf(asked, services);
  const fact = now.state === 'resolved' ? now.record.entry.fact?.transaction : undefined;
  if (now.state !== 'resolved' || fact === undefined) return original;
  const entry = { ...asked.record.entry, fact: { transaction: fact } };
  return { ...original, record: { ...now.record, entry }, fact };
}

/** The request works on the card of the original when that is another issuer's. */
export function useForeignCard(request: Request, fact: TransactionFact): boolean {
  const host = fact.extra?.[EXTRA.host];
  if (host === undefined) return false;
  const { institution } = request.terminal.value;
  request.card = foreignCard(fact.cardNumber ?? '', institution, host);
  return true;
}

/**
 * A reversal of what a host has not answered yet: everything is let go, no result can come any more,
 * and the host is told to undo it. Null when the original is not in that state.
 */
export async function reverseOpen(
  original: RecordedOriginal,
  services: LedgerAndReader,
): Promise<Plan | null> {
  const asked = askedOf(original.record);
  if (asked === null || (await stateOf(asked, services)).state !== 'open') return null;
  return {
    ...releaseOf(asked),
    blocks: [resultId(asked.record.entry.id)],
    originalPosition: asked.position,
    rule: 'host-not-answered-yet',
    extra: undoAtHost(asked),
  };
}

/** What the record of a reversal must say so that the host is told, too; nothing for cards of ours. */
export function undoAtHost({
  fact,
  position,
}: Pick<Asked, 'fact' | 'position'>): Record<string, string> {
  const host = fact.extra?.[EXTRA.host];
  if (host === undefined) return {};
  const forwardOf = String(position);
  return { [EXTRA.host]: host, [EXTRA.forward]: 'reversal', [EXTRA.forwardOf]: forwardOf };
}
