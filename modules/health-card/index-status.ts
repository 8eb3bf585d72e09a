/**
 * The main index learns what becomes of a card: its medium there is cancelled, frozen while the card is
 * black-listed, and active again. What it has not been told yet is a row of the view, made by the fact
 * that changed the card, so nothing is forgotten when the process ends in between; telling it twice is
 * one command.
 */
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { JournalRecord } from '../../ledger/types.ts';
import type { WritableTableSource } from '../frame/module.ts';
import { MODULE } from './types.ts';

/** Module and command of the main index, and the domain of our cards there. */
const INDEX = 'empi';
const COMMAND = 'medium.status';
export const INDEX_DOMAIN = 'health-card';

/** Status of a medium in the main index. */
export type IndexStatus = 'active' | 'frozen' | 'cancelled';

/** What the index has to be told of a card, one after the other. */
export interface Untold {
  cardNumber: string;
  /** Position of the fact that changed the card. */
  position: number;
  statuses: IndexStatus[];
}

export function noteUntold(tables: WritableTableSource, untold: Untold): void {
  tables.table<Untold>('untold').put(untold.cardNumber, untold);
}

/** The command is in the journal: the index has it, whatever it makes of it. */
export function noteTold({ entry }: JournalRecord, tables: WritableTableSource): void {
  const fact = entry.fact?.module;
  if (fact?.module !== INDEX || fact.kind !== COMMAND) return;
  const [prefix, cardNumber = '', position, index] = (fact.key ?? '').split(':');
  if (prefix !== MODULE) return;
  const table = tables.table<Untold>('untold');
  const untold = table.get(cardNumber);
  const isLast = untold?.statuses.length === Number(index) + 1;
  if (isLast && untold?.position === Number(position)) table.remove(cardNumber);
}

export async function tellIndex(
  ledger: LedgerClient,
  { cardNumber, position, statuses }: Untold,
): Promise<void> {
  for (const [at, status] of statuses.entries()) {
    const key = `${MODULE}:${cardNumber}:${position}:${at}`;
    const command = { domain: INDEX_DOMAIN, number: cardNumber, status, by: MODULE };
    const payload = new TextEncoder().encode(JSON.stringify(command));
    await ledger.submit({
      id: idOf(INDEX, key),
      institution: '',
      fact: { module: { module: INDEX, kind: COMMAND, key, payload } },
    });
  }
}
