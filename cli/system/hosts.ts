/** The host hub within the system: how it is started, and what the command line asks of it. */
import type { ControlHandler } from '../../api/control.ts';
import type { Config } from '../../config/schema.ts';
import type { Hsm } from '../../hsm/types.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { Ledger } from '../../ledger/writer-host.ts';
import { HubDoor } from '../../switch/hosts/hub-door.ts';
import { provideTestKeys } from '../../switch/hosts/test-keys.ts';
import type { RouteRule } from '../../switch/routing/rules.ts';
import { ledgerFolder } from './data-folder.ts';
import type { ChosenHsm } from './hsm-choice.ts';

export async function startHosts(
  config: Config,
  chosen: ChosenHsm,
  ledger: Ledger,
  encryptionKey: Uint8Array | undefined,
  { client, reader }: { client: LedgerClient; reader: Reader },
): Promise<HubDoor> {
  await provideTestKeys(config.hosts, { hsm: chosen.hsm, ledger: client, reader });
  return HubDoor.start({
    hosts: config.hosts,
    routes: config.routes as RouteRule[],
    dataDir: ledgerFolder(config.dataDir),
    hsm: chosen.config,
    ledger,
    encryptionKey,
    logLevel: config.log.level,
  });
}

/** Begins a change of hosts and routes; `commit` or `rollback` of the hub ends it. */
export async function prepareHosts(
  config: Config,
  hosts: HubDoor,
  parts: { hsm: Hsm; ledger: LedgerClient; reader: Reader },
): Promise<void> {
  await provideTestKeys(config.hosts, parts);
  await hosts.prepare(config.hosts, config.routes as RouteRule[]);
}

/** What `posp saf` and `posp hosts` ask of a running switch. */
export function hostCommands(hosts: HubDoor): Record<string, ControlHandler> {
  return {
    'hosts/status': () => hosts.status(),
    'saf/list': () => hosts.listForwards(),
    'saf/retry': ({ position }) => hosts.retryForward(Number(position)),
    'saf/close': ({ position, who, reason }) =>
      hosts.closeForward(Number(position), String(who), String(reason)),
  };
}
