/** A running ledger in a folder of the test's own, with an institution and the helpers tests need. */
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { AccountInput, Entry, EntryResult, Id, TransferInput } from '../../ledger/types.ts';
import { type Ledger, type LedgerOptions, startLedger } from '../../ledger/writer-host.ts';

export const BY = { who: 'test', why: 'test' };
export const OPENING_DATE = '20260105';

/** The entry that opens institution `h1` and accounts, given as name → flags, all in yuan. */
export function opening(accounts: Record<string, number | Partial<AccountInput>>): Entry {
  return {
    id: idOf('opening'),
    institution: 'h1',
    accounts: Object.entries(accounts).map(([name, given]) => ({
      id: accountId(name),
      ledger: 156,
      code: 1,
      ...(typeof given === 'number' ? { flags: given } : given),
    })),
    registry: [registryChange('institution', 'h1', { id: 'h1', openingDate: OPENING_DATE }, BY)],
  };
}

export function accountId(name: string): Id {
  return idOf('account', name);
}

/** An entry of one transfer in yuan. */
export function payment(
  name: string,
  debit: string,
  credit: string,
  amountFen: number,
  more: Partial<TransferInput> = {},
): Entry {
  return {
    id: idOf('payment', name),
    institution: 'h1',
    transfers: [
      {
        debitAccount: accountId(debit),
        creditAccount: accountId(credit),
        amountFen,
        ledger: 156,
        code: 1,
        ...more,
      },
    ],
  };
}

export interface OpenLedger {
  ledger: Ledger;
  client: LedgerClient;
  submit: (entry: Entry) => Promise<EntryResult>;
}

export async function openLedger(
  dataDir: string,
  options: Partial<LedgerOptions> = {},
): Promise<OpenLedger> {
  const ledger = await startLedger({ dataDir, ...options });
  const client = ledger.client();
  return { ledger, client, submit: (entry) => client.submit(entry) };
}
