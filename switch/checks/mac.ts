/**
 * Field 64 of a request (docs of the UnionPay terminal dialect, "MAC"): computed over the received
 * bytes, never over re-encoded ones.
 */
import type { MacAlgorithm, StoredKey } from '../../hsm/types.ts';
import type { Terminal } from '../../ledger/registry-kinds.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import { toStoredKey, usableKeySets, type WorkingKeySet } from '../keys.ts';
import { Refusal, require } from '../refusal.ts';
import type { Services } from '../services.ts';

export function macAlgorithm(terminal: Terminal): MacAlgorithm {
  return terminal.keyAlgorithm === 'sm4' ? 'cup-sm4' : 'cup-ecb';
}

/** What a right MAC says: the terminal works with these keys. */
export interface ProvenMac {
  macKey: StoredKey;
  /** The set that the MAC key belongs to; a PIN of the same message is under the PIN key of it. */
  keys: WorkingKeySet;
}

/**
 * Checks the MAC and gives the keys that fit. A message that was under way while the keys changed
 * still carries a MAC of the previous ones; its answer must be made with the same key.
 */
export async function verifyRequestMac(
  message: Message,
  terminal: Terminal,
  { hsm }: Services,
): Promise<ProvenMac> {
  const mac = message.bytes(64);
  require(mac !== undefined, 'A0', 'mac-missing');
  const algorithm = macAlgorithm(terminal);
  const input = message.macInput();
  for (const keys of usableKeySets(terminal)) {
    const key = keys.find(({ purpose }) => purpose === 'mac');
    if (key === undefined) continue;
    const macKey = toStoredKey(key);
    if (await hsm.verifyMac(macKey, algorithm, input, mac)) return { macKey, keys };
  }
  throw new Refusal('A0', 'mac-wrong');
}
