/**
 * The ids that make every request happen once. They are made from what the terminal sent, so that
 * the same request, on another connection, worker or day after a crash, has the same id.
 */
import { idOf } from '../ledger/id.ts';
import type { Id } from '../ledger/types.ts';

/** A terminal's request: terminal, batch, trace and message type are unique together. */
export function requestId(
  terminalId: string,
  batchNumber: string,
  traceNumber: string,
  messageType: string,
): Id {
  return idOf('request', terminalId, batchNumber, traceNumber, messageType);
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
