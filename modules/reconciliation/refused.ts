/** What is said of a bill that is not whole, or of another day: one FILE difference, nothing matched. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { type Tally, zeroCounts } from './match/matcher.ts';
import type { FileFacts } from './reader/read-side.ts';
import { dateText } from './reader/values.ts';
import type { ReconcileOptions } from './reconcile.ts';
import { type BillRefused, fileDifference } from './record.ts';
import { type Reconciliation, runIdOf, type SideTotals } from './result.ts';

/** The totals are zero: no line of either side counts when the bill cannot be trusted. */
export function refusedReconciliation(
  { source, day, file, against }: ReconcileOptions,
  { message, line }: BillRefused,
): Reconciliation {
  const date = day === 0 ? null : dateText(day);
  const files = { ours: factsOf(against), theirs: factsOf(file) };
  const nothing: Tally = { lines: 0, matched: 0, differences: 0, withoutMoney: 0 };
  const side: SideTotals = { ...nothing, payFen: 0, refundFen: 0, feeFen: 0, netFen: 0 };
  return {
    result: {
      source: source.name,
      date,
      matched: 0,
      differences: [fileDifference(message)],
      counts: { ...zeroCounts(), FILE: 1 },
      totals: {
        ours: side,
        theirs: { ...side, cancellations: 0, ignored: 0 },
        matchedPayFen: 0,
        matchedRefundFen: 0,
        netDifferenceFen: 0,
      },
    },
    runId: runIdOf(source.name, date, files),
    files,
    lines: [{ ours: 0, theirs: line }],
    spilled: false,
  };
}

const CHUNK_BYTES = 1 << 20;

/** The file as it lies there; its lines were not counted. */
function factsOf(path: string): FileFacts {
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const descriptor = openSync(path, 'r');
  let bytes = 0;
  try {
    for (;;) {
      const count = readSync(descriptor, chunk, 0, chunk.length, null);
      if (count === 0) break;
      hash.update(chunk.subarray(0, count));
      bytes += count;
    }
  } finally {
    closeSync(descriptor);
  }
  return { name: basename(path), bytes, lines: 0, sha256: hash.digest('hex') };
}
