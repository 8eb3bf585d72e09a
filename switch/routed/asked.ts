/**
 * A transaction that was asked of a host: how the journal tells its story.
 *
 * 1. The *asked* record stands under the request's own id. It holds the money (pending) and was on
 *    disk before the host was asked. Its position is field 37 everywhere: to the host, to the
 *    terminal, in every later record.
 * 2. One *result* record, under an id made of the first: posted or released, with the response code.
 *    An id is taken once, so a transaction is resolved once, whoever tries.
 * 3. When the terminal reversed it before there was a result, the reversal blocks the result's id.
 */
import { hostAccountId } from '../../ledger/chart-of-accounts.ts';
import { idOf, idToHex, transferId } from '../../ledger/id.ts';
import type { Card } from '../../ledger/registry-kinds.ts';
import {
  type Id,
  type JournalRecord,
  type RegistryItem,
  type TallyMove,
  type TransactionFact,
  TransferFlag,
  type TransferInput,
} from '../../ledger/types.ts';
import type { Services } from '../services.ts';

/** What happens when no answer comes: it is undone at the host, or asked again until it is answered. */
export type HostSort = 'reversible' | 'repeatable';

/** Names in `extra` of the facts of such transactions. */
export const EXTRA = {
  /** Which host. */
  host: 'host',
  sort: 'hostSort',
  /** Field 25 of the request, for messages about it that are made later. */
  condition: 'condition',
  /** In a result: position of the asked record. */
  asked: 'asked',
  /** JSON: the fields of the host's answer that the terminal gets, by number. */
  answer: 'answer',
  /** Field 39 of the host's answer, when the terminal is told another one. */
  hostCode: 'hostCode',
  /** What the host must still be told because of this record: `reversal` or `advice`. */
  forward: 'forward',
  /** The record whose message that is about. */
  forwardOf: 'forwardOf',
  /** JSON: what an approval does, for a transaction that is repeated until it is answered. */
  approval: 'approval',
} as const;

export interface Asked {
  position: number;
  record: JournalRecord;
  fact: TransactionFact;
  host: string;
  sort: HostSort;
}

export type AskedState =
  | { state: 'open' }
  /** The terminal reversed it before there was a result. */
  | { state: 'undone' }
  | { state: 'resolved'; record: JournalRecord };

/** The record as an asked one, or null when it is anything else. */
export function askedOf(record: JournalRecord | null): Asked | null {
  const fact = record?.entry.fact?.transaction;
  const host = fact?.extra?.[EXTRA.host];
  const sort = fact?.extra?.[EXTRA.sort];
  if (record === null || fact === undefined || host === undefined || sort === undefined)
    return null;
  if (record.status !== 'applied') return null;
  return { position: record.position, record, fact, host, sort: sort as HostSort };
}

/** The id under which the one result of a transaction is recorded. */
export function resultId(askedId: Id): Id {
  return idOf('host-result', idToHex(askedId));
}

/** The id of the result when the host approved what the ledger then refused. */
export function refusedResultId(askedId: Id): Id {
  return idOf('host-result-refused', idToHex(askedId));
}

export async function stateOf(
  asked: Asked,
  { ledger, reader }: LedgerAndReader,
): Promise<AskedState> {
  const { id } = asked.record.entry;
  const [result, refused] = await ledger.entries([resultId(id), refusedResultId(id)]);
  const found = refused ?? result;
  if (found === null || found === undefined) return { state: 'open' };
  if (found.status === 'blocked') return { state: 'undone' };
  if (found.status !== 'applied') return { state: 'open' };
  const record = reader.record(found.position);
  if (record === null) throw new Error(`position ${found.position} holds an id but no record`);
  return { state: 'resolved', record };
}

export type LedgerAndReader = Pick<Services, 'ledger' | 'reader'>;

/** What lets go of everything that an asked record holds: its pending transfers, its counted limits. */
export function releaseOf({ record }: Asked): { transfers: TransferInput[]; tallies: TallyMove[] } {
  const { id, transfers = [], tallies = [] } = record.entry;
  return {
    transfers: transfers.map((transfer, index) => ({
      pendingId: transfer.id ?? transferId(id, index),
      flags: TransferFlag.voidPending,
    })),
    tallies: tallies.map(({ subject, amountFen, count, until }) => ({
      subject,
      amountFen: 0 - amountFen,
      count: 0 - count,
      ...(until === undefined ? {} : { until }),
    })),
  };
}

/** Field 37 of a record's transaction: where it began. */
export function referenceOf(record: JournalRecord): number {
  const asked = record.entry.fact?.transaction?.extra?.[EXTRA.asked];
  return asked === undefined ? record.position : Number(asked);
}

/**
 * A card of another issuer as the transaction table sees it: its account is what the host owes us,
 * and whether it may be used is the host's word alone.
 */
export function foreignCard(number: string, institution: string, host: string): RegistryItem<Card> {
  const value: Card = {
    number,
    institution,
    accountId: hostAccountId(institution, host),
    expiry: '9912',
    status: 'active',
    product: 'foreign',
    pinReference: new Uint8Array(0),
    wrongPins: 0,
  };
  return { version: 0, value };
}
