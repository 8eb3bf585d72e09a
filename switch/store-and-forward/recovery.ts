/** What the journal leaves open at the start: transactions without a result, hosts without their message. */
import type { JournalRecord } from '../../ledger/types.ts';
import { type Asked, askedOf, EXTRA, type LedgerAndReader, stateOf } from '../routed/asked.ts';
import { endingOf, forwardId, type Obligation, obligationOf, type RecordAt } from './records.ts';

export interface LeftOpen {
  /** Asked of a host, without a result, and not asked again in the background. */
  asked: Asked[];
  obligations: { obligation: Obligation; withOperator: boolean }[];
  /** Position of the oldest of them, or the journal's end. */
  oldest: number;
  scanned: number;
}

/** Reads the journal from a position that nothing open is before. */
export async function findLeftOpen(from: number, services: LedgerAndReader): Promise<LeftOpen> {
  const { reader } = services;
  const asked = new Map<number, Asked>();
  const obligations = new Map<number, { obligation: Obligation; withOperator: boolean }>();
  let scanned = 0;
  for (const record of reader.records({ from: Math.max(1, from) })) {
    scanned++;
    take(record, asked, obligations, (position) => reader.record(position));
  }
  const open: Asked[] = [];
  for (const one of asked.values()) {
    const [repeated] = await services.ledger.entries([forwardId(one.record.entry.id)]);
    const isRepeated = repeated !== null && repeated !== undefined;
    if (!isRepeated && (await stateOf(one, services)).state === 'open') open.push(one);
  }
  const positions = [
    ...open.map(({ position }) => position),
    ...[...obligations.values()].map(({ obligation }) => obligation.position),
  ];
  const oldest = Math.min(reader.head().position, ...positions);
  return { asked: open, obligations: [...obligations.values()], oldest, scanned };
}

function take(
  record: JournalRecord,
  asked: Map<number, Asked>,
  obligations: Map<number, { obligation: Obligation; withOperator: boolean }>,
  recordAt: RecordAt,
): void {
  if (record.status !== 'applied' || record.entry.fact === undefined) return;
  const began = askedOf(record);
  if (began !== null) asked.set(record.position, began);
  const resolved = record.entry.fact.transaction?.extra?.[EXTRA.asked];
  if (resolved !== undefined) asked.delete(Number(resolved));
  const obligation = obligationOf(record, recordAt);
  if (obligation !== null)
    obligations.set(obligation.position, { obligation, withOperator: false });
  const ending = endingOf(record);
  if (ending === null) return;
  const ended = obligations.get(ending.obligation);
  if (ending.how === 'handed-to-operator' && ended !== undefined) ended.withOperator = true;
  else obligations.delete(ending.obligation);
}
