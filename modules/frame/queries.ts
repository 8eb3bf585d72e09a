/** Asking a module's view from outside of its thread, also from another process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { moduleFolder } from './folder.ts';
import type { Module } from './module.ts';
import { ModuleStoreReader } from './store.ts';

export interface ModuleQueries<Queries> {
  readonly queries: Queries;
  /** The journal position that the view tells. */
  position(): number;
  /**
   * Resolves true when the view tells the position (a caller who has just submitted wants to see what
   * became of it), false when it does not in time.
   */
  reached(position: number, timeoutMs?: number): Promise<boolean>;
  close(): Promise<void>;
}

const LOOK_INTERVAL_MS = 10;
const REACHED_TIMEOUT_MS = 5_000;

/** Opens a module's view for reading. Throws LedgerError: not_found, wrong_key. */
export function openModuleQueries<Queries>(
  module: Module<Queries>,
  dataDir: string,
  encryptionKey?: Uint8Array,
): ModuleQueries<Queries> {
  const folder = moduleFolder(dataDir, module.name);
  const store = new ModuleStoreReader({ folder, encryptionKey });
  return {
    queries: module.queries(store),
    position: () => store.state.position,
    async reached(position, timeoutMs = REACHED_TIMEOUT_MS) {
      const endAtMs = performance.now() + timeoutMs;
      while (store.state.position < position) {
        if (performance.now() > endAtMs) return false;
        await sleep(LOOK_INTERVAL_MS);
      }
      return true;
    },
    close: () => store.close(),
  };
}
