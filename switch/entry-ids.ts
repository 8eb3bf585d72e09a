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
  putDigits(id, 8, batchNumber + traceNumber + messageType);
  return id;
}

/** How much of a record has been taken back: by a void or reversal (all of it) or by refunds. */
export function takenBackSubject(position: number): Id {
  return idOf('taken-back', String(position));
}

/**
 * The totals of a terminal's batch, which settlement compares. Made as it stands, without a hash,
 * because every transaction moves one: 8 of field 41, 6 digits as BCD, the side, zeros.
 */
export function batchSubject(
  terminalId: string,
  batchNumber: string,
  side: 'debit' | 'credit',
): Id {
  const id = new Uint8Array(16);
  for (let at = 0; at < 8; at++) id[at] = terminalId.charCodeAt(at);
  putDigits(id, 8, batchNumber);
  id[11] = side === 'debit' ? 0xd0 : 0xc0;
  return id;
}

/** Pairs of digits as BCD bytes. */
function putDigits(id: Uint8Array, at: number, digits: string): void {
  for (let pair = 0; pair * 2 < digits.length; pair++) {
    const [high, low] = [digits.charCodeAt(pair * 2), digits.charCodeAt(pair * 2 + 1)];
    id[at + pair] = ((high & 15) << 4) | (low & 15);
  }
}
