/** Changes of a terminal's registry item that a terminal itself asks for. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { registryChange } from '../../ledger/registry.ts';
import type { Terminal } from '../../ledger/registry-kinds.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Request } from './row.ts';

/** Requests of one terminal may meet; the later ones start over from what the first left. */
const ATTEMPTS_MAX = 20;
/** A lost race is told at once, but what won it can only be read when it is on disk. */
const PAUSE_MS = 5;

/**
 * Records the changed terminal. The change is made from the newest item and refused by the ledger
 * when another came between, then tried again. A `change` that gives back the item it was given has
 * nothing to record: somebody else has made it.
 */
export async function changeTerminal(
  request: Request,
  { ledger, reader }: Services,
  why: string,
  change: (terminal: Terminal) => Terminal,
): Promise<Terminal> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const item = reader.registry.get('terminal', request.terminalId) ?? request.terminal;
    const changed = change(item.value);
    if (changed === item.value) return changed;
    const { status } = await ledger.submit({
      id: randomBytes(16),
      institution: changed.institution,
      registry: [
        registryChange('terminal', changed.id, changed, {
          expectedVersion: item.version,
          why,
          who: `terminal ${changed.id}`,
        }),
      ],
    });
    if (status === 'applied') return changed;
    if (status !== 'registry_conflict') throw new Error(`terminal ${changed.id}: ${status}`);
    await setTimeout(attempt * PAUSE_MS);
  }
  throw new Refusal('96', 'terminal-changed-meanwhile');
}
