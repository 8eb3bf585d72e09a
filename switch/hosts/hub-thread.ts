/** The thread of the host hub: its own HSM session, ledger client and registry cache. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { HostConfig } from '../../config/schema.ts';
import { openHsm } from '../../hsm/open.ts';
import type { HsmConfig } from '../../hsm/types.ts';
import { LedgerClient } from '../../ledger/client.ts';
import { openReader } from '../../ledger/reader.ts';
import { createLog } from '../log.ts';
import type { HostSlots } from './gateway.ts';
import { Hub } from './hub.ts';

export interface HubInput {
  configs: HostConfig[];
  states: SharedArrayBuffer;
  slots: HostSlots;
  logLevel: string;
  dataDir: string;
  hsm: HsmConfig;
  ledgerPort: MessagePort;
  ledgerGeneration: SharedArrayBuffer;
  encryptionKey: Uint8Array | undefined;
}

export type HubCommand =
  /** A worker's way to the hub. */
  | { command: 'connect'; port: MessagePort }
  | { command: 'call'; call: number; name: HubCallName; argument: Record<string, unknown> };

export type HubCallName =
  | 'metrics'
  | 'status'
  | 'add-hosts'
  | 'change-hosts'
  | 'saf-list'
  | 'saf-retry'
  | 'saf-close'
  | 'stop';

export type HubReport =
  | { report: 'ready' }
  | { report: 'result'; call: number; result: unknown }
  | { report: 'refused'; call: number; message: string };

async function start(input: HubInput): Promise<void> {
  const reader = openReader(input.dataDir, {
    generation: input.ledgerGeneration,
    encryptionKey: input.encryptionKey,
  });
  const ledger = new LedgerClient(input.ledgerPort);
  const hsm = await openHsm(input.hsm);
  const { configs, states, slots, dataDir: folder } = input;
  const log = createLog('hosts', input.logLevel);
  const hub = new Hub({ configs, states, slots, folder, hsm, ledger, reader, log });
  await hub.start();

  const calls: Record<HubCallName, (argument: Record<string, unknown>) => Promise<unknown>> = {
    metrics: async () => {
      hub.collectMetrics();
      return hub.metrics.registry.getMetricsAsJSON();
    },
    status: async () => hub.status(),
    'add-hosts': ({ hosts, slots }) => hub.add(hosts as HostConfig[], slots as HostSlots),
    'change-hosts': ({ hosts }) => hub.change(hosts as HostConfig[]),
    // Another port's messages may wait while this call is taken: what workers have said comes first.
    'saf-list': async () => nextTurn().then(() => hub.forwarder.list()),
    'saf-retry': async ({ position }) => hub.forwarder.retry(Number(position)),
    'saf-close': async ({ position, who, reason }) =>
      hub.forwarder.close(Number(position), String(who), String(reason)),
    stop: async () => {
      hub.stop();
      ledger.close();
      await hsm.close();
      await reader.close();
    },
  };
  parentPort!.on('message', (message: HubCommand) => {
    if (message.command === 'connect') {
      hub.connect(message.port);
      return;
    }
    const { call, name, argument } = message;
    calls[name](argument).then(
      (result) => report({ report: 'result', call, result }),
      (error: Error) => report({ report: 'refused', call, message: error.message }),
    );
  });
  report({ report: 'ready' });
}

function report(message: HubReport): void {
  parentPort!.postMessage(message);
}

await start(workerData as HubInput);
