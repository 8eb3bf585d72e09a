/** The ledger's view of what a bank owes, from the journal alone. */
import { CHART_OF_ACCOUNTS } from '../../ledger/chart-of-accounts.ts';
import { idToHex } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { TransferFlag } from '../../ledger/types.ts';

const HOST_CODE = CHART_OF_ACCOUNTS.find(({ name }) => name === 'host')!.code;
const NOT_MOVED = TransferFlag.pending | TransferFlag.voidPending;

/** What moved on the accounts of hosts, by card number: debits less credits. */
export function owedByCard(reader: Reader): Map<string, number> {
  const accounts = new Set<string>();
  const owed = new Map<string, number>();
  for (const { entry, status, outcomes } of reader.records()) {
    if (status !== 'applied') continue;
    for (const { id, code } of entry.accounts ?? [])
      if (code === HOST_CODE) accounts.add(idToHex(id));
    const card = entry.fact?.transaction?.cardNumber ?? '';
    for (const [index, transfer] of (entry.transfers ?? []).entries()) {
      if (((transfer.flags ?? 0) & NOT_MOVED) !== 0) continue;
      const amountFen = outcomes[index]?.amountFen ?? 0;
      const { debitAccount, creditAccount } = transfer;
      let movedFen = 0;
      if (debitAccount !== undefined && accounts.has(idToHex(debitAccount))) movedFen += amountFen;
      if (creditAccount !== undefined && accounts.has(idToHex(creditAccount)))
        movedFen -= amountFen;
      if (movedFen !== 0) owed.set(card, (owed.get(card) ?? 0) + movedFen);
    }
  }
  return owed;
}
