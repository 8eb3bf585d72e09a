/** Layer 2: a terminal's batch totals against ours, from the record of its settlement. */
import { idOf, idToHex } from '../../../ledger/id.ts';
import type { JournalRecord } from '../../../ledger/types.ts';
import type { DifferenceRow } from './difference.ts';

/** The difference of a batch whose totals are not ours, or null. */
export function terminalBatchDifference(record: JournalRecord): DifferenceRow | null {
  const batch = record.entry.fact?.batchSettled;
  if (batch === undefined || record.status !== 'applied') return null;
  const ours = (batch.ourDebitFen ?? 0) - (batch.ourCreditFen ?? 0);
  const theirs = (batch.theirDebitFen ?? 0) - (batch.theirCreditFen ?? 0);
  const ourCount = (batch.ourDebitCount ?? 0) + (batch.ourCreditCount ?? 0);
  const theirCount = (batch.theirDebitCount ?? 0) + (batch.theirCreditCount ?? 0);
  if (ours === theirs && ourCount === theirCount) return null;
  const orderId = `${batch.terminalId ?? ''}/${batch.batchNumber ?? ''}`;
  const date = record.businessDate;
  return {
    id: idToHex(idOf('batch-difference', orderId, String(record.position))).slice(0, 20),
    institution: record.entry.institution,
    flow: 'terminal-batch',
    layer: 'L2',
    source: 'terminal-batch',
    date,
    code: ours >= theirs ? 'AMT_HIGH' : 'AMT_LOW',
    type: 'pay',
    orderId,
    oursFen: ours,
    theirsFen: theirs,
    oursStatus: 'success',
    theirsStatus: 'success',
    ...(batch.merchantId === undefined ? {} : { merchantId: batch.merchantId }),
    ...(batch.terminalId === undefined ? {} : { terminalId: batch.terminalId }),
    state: 'CONFIRMED',
    bufferUntil: date,
    proposals: 0,
    gapFen: theirs - ours,
    history: [],
  };
}
