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
 * Records that the terminal works with these keys, once for each set, and only towards newer ones; and
 * from where, because a sign-off without a MAC is believed from there.
 */
export async function noteProven(
  request: Request,
  keys: WorkingKeySet,
  services: Services,
): Promise<void> {
  if (!isNewer(keys, request.terminal.value)) return;
  const { remoteAddress: provenFrom } = request;
  await changeTerminal(request, services, 'keys proven', (now) =>
    isNewer(keys, now) ? { ...now, provenKeys: [...keys], provenFrom } : now,
  );
  request.terminal = services.reader.registry.get('terminal', request.terminalId)!;
}

/**
 * What a sign-off without a MAC leaves of the terminal. From where the terminal proved its keys it ends
 * all of them. From elsewhere it ends what was never proven, which anybody could have asked for: keys
 * that the terminal has proven are not a stranger's to take away.
 */
export function afterUnprovenSignOff(terminal: Terminal, remoteAddress: string): Terminal {
  const { provenKeys, provenFrom, currentKeys } = terminal;
  const isBelieved = provenFrom !== '' && provenFrom === remoteAddress;
  if (isBelieved || provenKeys.length === 0) return signedOff(terminal);
  if (isSameSet(provenKeys, currentKeys)) return terminal;
  return { ...terminal, currentKeys: provenKeys, previousKeys: [] };
}

/** Without keys: the terminal must sign in before it trades again. */
export function signedOff(terminal: Terminal): Terminal {
  const keys = { currentKeys: [], previousKeys: [], provenKeys: [], provenFrom: '' };
  return { ...terminal, signedIn: false, ...keys };
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
