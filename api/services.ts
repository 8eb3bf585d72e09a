/** What the handlers of routes work with. */
import type { Config } from '../config/schema.ts';
import type { Hsm } from '../hsm/types.ts';
import type { LedgerClient } from '../ledger/client.ts';
import type { Reader } from '../ledger/reader.ts';
import type { Modules } from '../modules/frame/host.ts';
import type { Module } from '../modules/frame/module.ts';
import { type ModuleQueries, openModuleQueries } from '../modules/frame/queries.ts';
import type { Logger } from '../switch/log.ts';
import type { Secrets } from './access/secrets.ts';
import type { Sessions } from './access/sessions.ts';
import type { PageTokens } from './page-token.ts';

/** What the process gives to the API. */
export interface SystemServices {
  config: Config;
  hsm: Hsm;
  ledger: LedgerClient;
  reader: Reader;
  modules: Modules;
  log: Logger;
  /** The view of a module, open as long as the API is. */
  view<Queries>(module: Module<Queries>): ModuleQueries<Queries>;
}

/** What a handler has. */
export interface ApiServices extends SystemServices {
  secrets: Secrets;
  sessions: Sessions;
  pages: PageTokens;
}

/** How long a call waits for a view that is behind. */
const FRESH_MS = 1_000;

/**
 * A view that tells everything that was recorded before the call, or, when the module is far behind or
 * stopped, what it has.
 */
export async function freshView<Queries>(
  module: Module<Queries>,
  { view, reader }: SystemServices,
): Promise<ModuleQueries<Queries>> {
  const open = view(module);
  await open.reached(reader.head().position, FRESH_MS);
  return open;
}

/** Views that are opened when they are first asked for. */
export class Views {
  readonly #dataDir: string;
  readonly #encryptionKey: Uint8Array | undefined;
  readonly #open = new Map<string, ModuleQueries<unknown>>();

  constructor(dataDir: string, encryptionKey: Uint8Array | undefined) {
    this.#dataDir = dataDir;
    this.#encryptionKey = encryptionKey;
  }

  view<Queries>(module: Module<Queries>): ModuleQueries<Queries> {
    let view = this.#open.get(module.name);
    if (view === undefined) {
      view = openModuleQueries(module, this.#dataDir, this.#encryptionKey);
      this.#open.set(module.name, view);
    }
    return view as ModuleQueries<Queries>;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((view) => view.close()));
  }
}
