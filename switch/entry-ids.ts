/**
 * The ids that make every request happen once. They are made from what the terminal sent, so that
 * the same request, on another connection, worker or day after a crash, has the same id.
 */
import { idOf } from '../ledger/id.ts';
import type { Id } from '../ledger/types.ts';

/**
 * A terminal's request: terminal, batch, trace and message type are unique together. They fit into
 * the 16 bytes of an id as they are: 8 of field 41, then 6 + 6 + 4 digits as 8 bytes of BCD.
 */
export function requestId(
  terminalId: string,
  batchNumber: string,
  traceNumber: string,
  messageType: string,
): Id {
  const id = new Uint8Array(16);
  for (let at = 0; at < 8; at++) id[at] = terminalId.charCodeAt(at);
  const digits = batchNumber + traceNumber + messageType;
  for (let at = 0; at < 8; at++) {
    const [high, low] = [digits.charCodeAt(at * 2), digits.charCodeAt(at * 2 + 1)];
    id[8 + at] = ((high & 15) << 4) | (low & 15);
  }
  return id;
}

/** How much of a record has been taken back: by a void or reversal (all of it) or by refunds. */
export function takenBackSubject(position: number): Id {
  return idOf('taken-back', String(position));
}

/** The totals of a terminal's batch, which settlement compares. */
export function batchSubject(
  terminalId: string,
  batchNumber: string,
  side: 'debit' | 'credit',
): Id {
  return idOf('batch', terminalId, batchNumber, side);
}
