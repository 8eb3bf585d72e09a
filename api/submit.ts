/** Entries that a call makes: what the ledger refuses becomes a problem that names its reason. */
import type { LedgerClient } from '../ledger/client.ts';
import type { Entry, EntryResult } from '../ledger/types.ts';
import { ApiProblem, conflict } from './problem.ts';

/** Submits the entry; throws ApiProblem unless it was applied, now or before. */
export async function submitOrRefuse(ledger: LedgerClient, entry: Entry): Promise<EntryResult> {
  const result = await ledger.submit(entry);
  const { status } = result;
  if (status === 'applied' || status === 'exists') return result;
  if (status === 'registry_conflict') {
    throw conflict('changed_meanwhile', 'Somebody else changed this at the same time: look again.');
  }
  throw new ApiProblem(422, status, `The ledger refused this: ${status.replaceAll('_', ' ')}.`);
}
