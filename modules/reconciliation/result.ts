/** What a reconciliation says: the document that `posp reconcile --json`, the API and the reports share. */
import { createHash } from 'node:crypto';
import type { Tally } from './match/matcher.ts';
import type { FileFacts } from './reader/read-side.ts';
import type { Difference, DifferenceCode } from './record.ts';

/** A side's lines and money. Lines are matched, different, or without money; none is lost. */
export interface SideTotals extends Tally {
  payFen: number;
  refundFen: number;
  feeFen: number;
  /** Payments less refunds. */
  netFen: number;
}

export interface ReconciliationResult {
  source: string;
  /** `2026-11-20`, null when none was asked for. */
  date: string | null;
  matched: number;
  differences: Difference[];
  counts: Record<DifferenceCode, number>;
  totals: {
    ours: SideTotals;
    theirs: SideTotals & {
      /** Lines that undo another line of the same file. */
      cancellations: number;
      /** Lines that are no event of money (reservations, enquiries). */
      ignored: number;
    };
    matchedPayFen: number;
    matchedRefundFen: number;
    /** Net of theirs less net of ours: what the differences must explain. */
    netDifferenceFen: number;
  };
}

/** The same with what it was made from. */
export interface Reconciliation {
  result: ReconciliationResult;
  /** Same inputs, same id. */
  runId: string;
  files: { ours: FileFacts; theirs: FileFacts };
  /** Lines of both files for each difference of the result, in the same order; 0 for none. */
  lines: { ours: number; theirs: number }[];
  spilled: boolean;
}

/** Names a run by what it compared. */
export function runIdOf(
  source: string,
  date: string | null,
  files: Reconciliation['files'],
): string {
  const { ours, theirs } = files;
  const inputs = JSON.stringify([source, date, ours.sha256, theirs.sha256]);
  return createHash('sha256').update(inputs).digest('hex');
}
