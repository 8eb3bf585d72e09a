/** What the patient index adds to the running system: the command line loads registers through it. */
import { z } from 'zod';
import type { ControlHandler } from '../../api/control.ts';
import { empiDoor } from '../../api/routes/empi/door.ts';
import type { SystemServices } from '../../api/services.ts';
import { type LoadRequest, type LoadSummary, loadRegister } from '../../modules/empi/load.ts';
import { empi } from '../../modules/empi/module.ts';

/** How far a load is; asked again, it is the same load. */
export interface LoadState {
  resumedBehind: number;
  lines: number;
  ofLines: number;
  /** Null while it runs. */
  summary: LoadSummary | null;
}

const requestSchema = z.object({
  path: z.string(),
  domain: z.string(),
  identifiers: z.array(z.object({ column: z.string(), domain: z.string() })),
  by: z.string(),
});

/** The view may be busy with other modules' work. */
const REACHED_MS = 600_000;

/** One load at a time: two would only get into each other's way. */
export function empiCommands(services: SystemServices): Record<string, ControlHandler> {
  let running: { name: string; state: LoadState; failure: Error | null } | null = null;
  return {
    'empi/load': async (given) => {
      const request = requestSchema.parse(given);
      const name = JSON.stringify(request);
      if (running !== null && running.name !== name) {
        throw new Error('another file is being loaded: ask again when it is done');
      }
      if (running === null) {
        const state = { resumedBehind: 0, lines: 0, ofLines: 0, summary: null };
        const begun = { name, state, failure: null as Error | null };
        running = begun;
        await new Promise<void>((started) => {
          loadInto(services, request, state, started).catch((error: Error) => {
            begun.failure = error;
            started();
          });
        });
      }
      const { failure } = running;
      // A copy: the load goes on while this answer is being written.
      const state = { ...running.state };
      if (failure !== null || state.summary !== null) running = null;
      if (failure !== null) throw failure;
      return state;
    },
  };
}

async function loadInto(
  services: SystemServices,
  request: LoadRequest,
  state: LoadState,
  started: () => void,
): Promise<void> {
  const { ledger, queries } = empiDoor(services)();
  const reached = (position: number) => services.view(empi).reached(position, REACHED_MS);
  state.summary = await loadRegister({ ledger, queries, reached }, request, {
    started: (resumedBehind, ofLines) => {
      Object.assign(state, { resumedBehind, ofLines });
      started();
    },
    progress: (lines) => {
      state.lines = lines;
    },
  });
  started();
}
