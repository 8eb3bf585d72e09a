/**
 * Field 64 of a request (docs of the UnionPay terminal dialect, "MAC"): computed over the received
 * bytes, never over re-encoded ones.
 */
import type { MacAlgorithm, StoredKey } from '../../hsm/types.ts';
import type { Terminal } from '../../ledger/registry-kinds.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import { toStoredKey } from '../keys.ts';
import { Refusal, require } from '../refusal.ts';
import type { Services } from '../services.ts';

export function macAlgorithm(terminal: Terminal): MacAlgorithm {
  return terminal.keyAlgorithm === 'sm4' ? 'cup-sm4' : 'cup-ecb';
}

/**
 * Checks the MAC and gives the key that fits. A message that was under way while the keys changed
 * still carries a MAC of the previous ones; its answer must be made with the same key.
 */
export async function verifyRequestMac(
  message: Message,
  terminal: Terminal,
  { hsm }: Services,
): Promise<StoredKey> {
  const mac = message.bytes(64);
  require(mac !== undefined, 'A0', 'mac-missing');
  const algorithm = macAlgorithm(terminal);
  const input = message.macInput();
  for (const keys of [terminal.currentKeys, terminal.previousKeys]) {
    const key = keys.find(({ purpose }) => purpose === 'mac');
    if (key === undefined) continue;
    const stored = toStoredKey(key);
    if (await hsm.verifyMac(stored, algorithm, input, mac)) return stored;
  }
  throw new Refusal('A0', 'mac-wrong');
}
