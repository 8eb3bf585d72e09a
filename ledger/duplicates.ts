/** Telling how an entry with a known id differs from the one that was recorded under that id. */
import { type EntryView, TransferView } from './entry-view.ts';
import { APPLIED, STATUS } from './status.ts';

const given = new TransferView();
const kept = new TransferView();

/** `exists`, or the status that names the first difference of the first transfer that differs. */
export function compareEntries(entry: EntryView, recorded: EntryView): number {
  if (entry.transfers.count !== recorded.transfers.count) {
    return STATUS.exists_with_different_transfer_count;
  }
  for (let i = 0; i < entry.transfers.count; i++) {
    given.read(entry.bytes, entry.transfers.start(i), entry.transfers.end(i));
    kept.read(recorded.bytes, recorded.transfers.start(i), recorded.transfers.end(i));
    const difference = compareTransfers(given, kept);
    if (difference !== APPLIED) return difference;
  }
  return STATUS.exists;
}

function compareTransfers(a: TransferView, b: TransferView): number {
  if (a.flags !== b.flags) return STATUS.exists_with_different_flags;
  if (!a.pending.equals(b.pending)) return STATUS.exists_with_different_pending_id;
  if (a.timeoutSeconds !== b.timeoutSeconds) return STATUS.exists_with_different_timeout;
  if (!a.debit.equals(b.debit)) return STATUS.exists_with_different_debit_account;
  if (!a.credit.equals(b.credit)) return STATUS.exists_with_different_credit_account;
  if (a.amountFen !== b.amountFen) return STATUS.exists_with_different_amount;
  if (a.ledger !== b.ledger) return STATUS.exists_with_different_ledger;
  if (a.code !== b.code) return STATUS.exists_with_different_code;
  if (!a.id.equals(b.id)) return STATUS.exists_with_different_transfer_id;
  return APPLIED;
}
