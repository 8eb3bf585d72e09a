/**
 * Everything the ledger knows in memory. It is a function of the journal: the same records give the
 * same state on every machine.
 */
import { AccountTable } from './accounts.ts';
import { EntryIdTable } from './entry-ids.ts';
import { type InstitutionDays, InstitutionTable } from './institutions.ts';
import { ExpiryQueue, PendingTable } from './pending-transfers.ts';
import { TallyTable } from './tallies.ts';

export class LedgerState {
  readonly accounts = new AccountTable();
  readonly pendings = new PendingTable();
  readonly expiries = new ExpiryQueue(this.pendings);
  readonly tallies = new TallyTable();
  readonly ids = new EntryIdTable();
  readonly institutions: InstitutionTable;
  /** Of the last record. */
  position = 0;
  timestampUs = 0;
  chainHash: Uint8Array = new Uint8Array(32);

  constructor(institutions?: InstitutionDays[]) {
    this.institutions = new InstitutionTable(institutions);
  }
}
