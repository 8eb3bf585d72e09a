/**
 * Requests of single transfers, as a client of a plain double-entry ledger makes them: each transfer
 * has an id, and `linked` joins it with the next one. A chain becomes one entry, all or none.
 */
import assert from 'node:assert/strict';
import { LedgerError } from './errors.ts';
import { type Entry, type Id, TransferFlag, type TransferInput } from './types.ts';

export interface RequestedTransfer extends TransferInput {
  id: Id;
}

/**
 * The entries of a request, in its order; an entry's id is that of its first transfer. Throws
 * LedgerError linked_event_chain_open when the last transfer is linked with a next one.
 */
export function splitRequest(institution: string, transfers: RequestedTransfer[]): Entry[] {
  const entries: Entry[] = [];
  let chain: RequestedTransfer[] = [];
  for (const transfer of transfers) {
    const flags = transfer.flags ?? 0;
    chain.push({ ...transfer, flags: flags & ~TransferFlag.linked });
    if ((flags & TransferFlag.linked) !== 0) continue;
    const first = chain[0];
    assert(first !== undefined);
    entries.push({ id: first.id, institution, transfers: chain });
    chain = [];
  }
  if (chain.length === 0) return entries;
  throw new LedgerError(
    'linked_event_chain_open',
    `transfer ${transfers.length - 1} is linked with a next one, and there is none`,
  );
}
