/**
 * Which keys a terminal has proven to have. A sign-in proves nothing, because it carries no MAC; the
 * first message with a right MAC under the new keys does.
 */
import type { Terminal } from '../../ledger/registry-kinds.ts';
import { isSameSet, type WorkingKeySet } from '../keys.ts';
import type { Services } from '../services.ts';
import type { Request } from '../transactions/row.ts';
import { changeTerminal } from '../transactions/terminal-change.ts';

/** Records that the terminal works with these keys, once for each set, and only towards newer ones. */
export async function noteProven(
  request: Request,
  keys: WorkingKeySet,
  services: Services,
): Promise<void> {
  if (!isNewProof(request.terminal.value, keys)) return;
  await changeTerminal(request, services, 'keys proven', (now) =>
    isNewProof(now, keys) ? { ...now, provenKeys: [...keys] } : now,
  );
  request.terminal = services.reader.registry.get('terminal', request.terminalId)!;
}

function isNewProof(terminal: Terminal, keys: WorkingKeySet): boolean {
  const { signedIn, provenKeys } = terminal;
  if (!signedIn || isSameSet(keys, provenKeys)) return false;
  return ageOf(keys, terminal) <= ageOf(provenKeys, terminal);
}

/** Sign-ins since the set was given out, as far as the registry still tells: 0, 1, or more. */
function ageOf(keys: WorkingKeySet, { currentKeys, previousKeys }: Terminal): number {
  if (isSameSet(keys, currentKeys)) return 0;
  return isSameSet(keys, previousKeys) ? 1 : 2;
}
