/**
 * One switch worker thread: its own HSM session, ledger client, registry cache and connections.
 * It shares nothing with the other workers but the listening sockets and the ledger.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { ListenerConfig } from '../config/schema.ts';
import { openHsm } from '../hsm/open.ts';
import type { HsmConfig } from '../hsm/types.ts';
import { LedgerClient } from '../ledger/client.ts';
import { openReader } from '../ledger/reader.ts';
import { cup, cupWithLongPin } from '../protocols/dialects/cup.ts';
import type { Framing } from '../protocols/framing/framing.ts';
import type { MovedConnection } from './connections/connection.ts';
import { Listener } from './connections/listener.ts';
import { allowedSources } from './controls/allowed-sources.ts';
import { Controls } from './controls/controls.ts';
import { Settings } from './controls/settings.ts';
import { openHosts, type WorkerHosts } from './hosts/worker-hosts.ts';
import { createLog, type Logger } from './log.ts';
import { SwitchMetrics } from './metrics.ts';
import { type ProcessedRequest, RequestProcessor } from './request-processor.ts';
import { Institutions, type Services } from './services.ts';

/** What the main thread hands to a worker. */
export interface WorkerInput {
  name: string;
  logLevel: string;
  dataDir: string;
  hsm: HsmConfig;
  ledgerPort: MessagePort;
  ledgerGeneration: SharedArrayBuffer;
  encryptionKey: Uint8Array | undefined;
  hosts: WorkerHosts;
  /** One for each listening socket, with a descriptor of it. */
  listeners: { fd: number; config: ListenerConfig }[];
}

/** Requests of the main thread, and the answers to them. */
export type WorkerCommand =
  | { command: 'metrics'; call: number }
  /**
   * Answers what was asked and closes. Connections of the named listeners move instead of closing, or
   * stay for a while where they cannot; then a second command closes these, too.
   */
  | { command: 'drain'; move: string[] }
  /** Goes on with a connection that another worker had. */
  | { command: 'adopt'; listener: string; connection: MovedConnection };
export type WorkerReport =
  | { report: 'ready' }
  | { report: 'metrics'; call: number; metrics: unknown }
  | { report: 'moved'; listener: string; connection: MovedConnection }
  /** Everything has ended or moved but connections that stay. */
  | { report: 'left'; staying: boolean }
  | { report: 'drained' };

/** Answers that a peer does not take pile up to this, then the connection is cut. */
const UNSENT_BYTES_MAX = 1 << 20;

async function start(input: WorkerInput): Promise<void> {
  const log = createLog(input.name, input.logLevel);
  const metrics = new SwitchMetrics();
  const reader = openReader(input.dataDir, {
    generation: input.ledgerGeneration,
    encryptionKey: input.encryptionKey,
  });
  const institutions = new Institutions(reader);
  const services: Services = {
    hsm: await openHsm(input.hsm),
    ledger: new LedgerClient(input.ledgerPort),
    reader,
    institutions,
    controls: new Controls(reader),
    settings: new Settings(reader),
    hosts: openHosts(input.hosts, reader, institutions),
  };
  const listeners = new Map(
    input.listeners.map(({ fd, config }) => [
      config.name,
      openListener(fd, config, services, metrics, log),
    ]),
  );
  await Promise.all([...listeners.values()].map((listener) => listener.listen()));
  let leaving = false;
  parentPort!.on('message', async (command: WorkerCommand) => {
    if (command.command === 'adopt') {
      listeners.get(command.listener)!.adopt(command.connection);
    } else if (command.command === 'metrics') {
      const values = await metrics.registry.getMetricsAsJSON();
      report({ report: 'metrics', call: command.call, metrics: values });
    } else if (leaving) {
      for (const listener of listeners.values()) void listener.drain();
    } else {
      leaving = true;
      await drain(listeners, command.move);
      services.hosts.gateway.close();
      services.ledger.close();
      await services.hsm.close();
      await reader.close();
      report({ report: 'drained' });
    }
  });
  report({ report: 'ready' });
}

async function drain(listeners: Map<string, Listener>, move: string[]): Promise<void> {
  const left: Promise<void>[] = [];
  const stayed: Promise<void>[] = [];
  for (const [name, listener] of listeners) {
    if (!move.includes(name)) {
      left.push(listener.drain());
      continue;
    }
    const moved = (connection: MovedConnection) =>
      report({ report: 'moved', listener: name, connection });
    (listener.staysHere ? stayed : left).push(listener.move(moved));
  }
  await Promise.all(left);
  report({ report: 'left', staying: stayed.length > 0 });
  await Promise.all(stayed);
}

function openListener(
  fd: number,
  config: ListenerConfig,
  services: Services,
  metrics: SwitchMetrics,
  log: Logger,
): Listener {
  const framing = framingOf(config);
  const processor = new RequestProcessor(
    services,
    {
      listener: config.name,
      codec: config.sm4PinCarrier === 'field52' ? cupWithLongPin : cup,
      framing,
      tpduReply: config.tpduReply,
      macOnDecline: config.macOnDecline,
      reversalNotFound: config.reversalNotFound,
      requestsInFlightMax: config.requestsInFlightMax,
      sm4PinCarrier: config.sm4PinCarrier,
    },
    (processed) => {
      metrics.requestProcessed(processed);
      logRequest(log, processed);
    },
  );
  return new Listener({
    fd,
    framing,
    connectionsMax: config.connectionsMax,
    tls: config.tls,
    sources: allowedSources(config.name, config.sources, services.controls),
    limits: {
      inFlightMax: config.inFlightMax,
      unsentBytesMax: UNSENT_BYTES_MAX,
      idleTimeoutMs: config.idleTimeoutSeconds * 1_000,
      frameTimeoutMs: config.frameTimeoutSeconds * 1_000,
    },
    events: {
      handle: (frame, { address }) => processor.handle(frame, address),
      refused: (remote, reason) => {
        metrics.connectionRefused(config.name, reason);
        log.info({ remote, reason, listener: config.name }, 'connection refused');
      },
      accepted: () => metrics.connectionOpened(config.name),
      closed: (connection, reason, error) => {
        metrics.connectionClosed(config.name, reason);
        if (error !== undefined) {
          log.warn(
            { remote: connection.remote, reason, error: error.toJSON() },
            'connection closed',
          );
        }
      },
    },
  });
}

function framingOf({ framing }: ListenerConfig): Framing {
  const envelopeBytes = (framing.tpdu ? 5 : 0) + (framing.header ? 6 : 0);
  const { length, tpdu, header } = framing;
  return { length, tpdu, header, minBytes: envelopeBytes + 10, maxBytes: framing.bytesMax };
}

/** Approved requests are worth a line for whoever follows one; a refusal always names its rule. */
function logRequest(log: Logger, processed: ProcessedRequest): void {
  if (processed.responseCode !== '00') {
    log.info(processed, 'request refused');
  } else if (log.isLevelEnabled('debug')) {
    const { message, ...rest } = processed;
    log.debug(rest, 'request');
  }
}

function report(message: WorkerReport): void {
  parentPort!.postMessage(message);
}

await start(workerData as WorkerInput);
