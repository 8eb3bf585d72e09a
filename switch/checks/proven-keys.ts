/**
 * Which keys a terminal has proven to have. A sign-in proves nothing, because it carries no MAC; the
 * first message with a right MAC under the new keys does.
 */
import type { Terminal } from '../../ledger/registry-kinds.ts';
import { isSameSet, type WorkingKeySet } from '../keys.ts';
import type { Services } from '../services.ts';
import type { Request } from '../transactions/row.ts';
import { changeTerminal } from '../transactions/terminal-change.ts';

/**
 * Records that the terminal works with these keys, once for each set, and only towards newer ones. Who
 * works has not signed off, whoever said so without a MAC.
 */
export async function noteProven(
  request: Request,
  keys: WorkingKeySet,
  services: Services,
): Promise<void> {
  if (!isNewProof(request.terminal.value, keys)) return;
  const why = request.terminal.value.signedIn
    ? 'keys proven'
    : 'works on after a sign-off without MAC';
  await changeTerminal(request, services, why, (now) =>
    isNewProof(now, keys) ? { ...now, signedIn: true, provenKeys: newerOf(keys, now) } : now,
  );
  request.terminal = services.reader.registry.get('terminal', request.terminalId)!;
}

function isNewProof(terminal: Terminal, keys: WorkingKeySet): boolean {
  return !terminal.signedIn || isNewer(keys, terminal);
}

function newerOf(keys: WorkingKeySet, terminal: Terminal): Terminal['provenKeys'] {
  return isNewer(keys, terminal) ? [...keys] : terminal.provenKeys;
}

function isNewer(keys: WorkingKeySet, terminal: Terminal): boolean {
  const { provenKeys } = terminal;
  return !isSameSet(keys, provenKeys) && ageOf(keys, terminal) <= ageOf(provenKeys, terminal);
}

/** Sign-ins since the set was given out, as far as the registry still tells: 0, 1, or more. */
function ageOf(keys: WorkingKeySet, { currentKeys, previousKeys }: Terminal): number {
  if (isSameSet(keys, currentKeys)) return 0;
  return isSameSet(keys, previousKeys) ? 1 : 2;
}
