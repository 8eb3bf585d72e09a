/** What a terminal is told of a transaction that was asked of a host, now or when it asks again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalRecord } from '../../ledger/types.ts';
import type { FieldValues } from '../../protocols/iso8583/message.ts';
import { forwardId } from '../store-and-forward/records.ts';
import type { Outcome } from '../transactions/row.ts';
import { type Asked, EXTRA, type LedgerAndReader, stateOf } from './asked.ts';

/** How often a repeat looks whether the first request has its answer. */
const LOOK_INTERVAL_MS = 100;
/** How long it looks: longer than any host may take. */
const LOOKS_MAX = 1_000;

/**
 * The outcome of a repeat. While the first request is still under way the repeat waits with it; a
 * transaction that is asked again in the background is not waited for.
 */
export async function outcomeOfAsked(
  asked: Asked,
  services: LedgerAndReader,
  outcomeOf: (record: JournalRecord) => Outcome,
): Promise<Outcome> {
  for (let look = 1; look <= LOOKS_MAX; look++) {
    const now = await stateOf(asked, services);
    if (now.state === 'resolved') return outcomeOfResult(asked, now.record, outcomeOf);
    if (now.state === 'undone') return outcomeWithout(asked, '22', 'reversed-before-the-answer');
    const [forwarded] = await services.ledger.entries([forwardId(asked.record.entry.id)]);
    if (forwarded !== null && forwarded !== undefined) break;
    await sleep(LOOK_INTERVAL_MS);
  }
  return outcomeWithout(asked, '98', 'host-unanswered');
}

/** The outcome that a result record says; it goes by the reference of the asked record. */
export function outcomeOfResult(
  asked: Asked,
  result: JournalRecord,
  outcomeOf: (record: JournalRecord) => Outcome,
): Outcome {
  const outcome = outcomeOf(result);
  outcome.position = asked.position;
  const text = result.entry.fact?.transaction?.extra?.[EXTRA.answer];
  if (text !== undefined) {
    outcome.set = { ...outcome.set, ...(JSON.parse(text) as FieldValues) };
  }
  return outcome;
}

/** The outcome of a transaction that has no result record, or none yet. */
export function outcomeWithout({ record }: Asked, responseCode: string, rule: string): Outcome {
  const { position, timestampUs, businessDate } = record;
  return { responseCode, rule, position, timestampUs, businessDate };
}
