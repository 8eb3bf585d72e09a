/** What follows from a money operation that two persons agree to. */
import type { AccountInput, RegistryChange, TransferInput } from '../ledger/types.ts';

export interface PlannedOperation {
  institution: string;
  transfers: TransferInput[];
  /** Accounts that the transfers need and that are not open yet. */
  accounts?: AccountInput[];
  /** What is remembered of it beside the money. */
  registry?: RegistryChange[];
}
