/** The PIN block of a request, for the host. It stays encrypted; only the HSM ever opens it. */
import { pinBlockOf, pinFormat } from '../checks/card.ts';
import type { TerminalPin } from '../hosts/messages.ts';
import { keyOf } from '../keys.ts';
import type { Request } from '../transactions/row.ts';

/** Null when no PIN was entered. The bytes are copies: they cross to another thread. */
export function pinOf(request: Request): TerminalPin | null {
  const pinBlock = pinBlockOf(request);
  if (pinBlock === undefined) return null;
  const key = keyOf(request.workingKeys, 'pin');
  const pinKey = { ...key, cryptogram: Uint8Array.from(key.cryptogram) };
  return { pinKey, format: pinFormat(request), pinBlock: Uint8Array.from(pinBlock) };
}
