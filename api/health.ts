/** `/healthz` and `/metrics`: how the process is, for people, load balancers and Prometheus. */
import { AggregatorRegistry, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Hsm } from '../hsm/types.ts';
import type { Reader } from '../ledger/reader.ts';
import type { Ledger } from '../ledger/writer-host.ts';
import type { ModuleLag, Modules } from '../modules/frame/host.ts';
import type { HubDoor } from '../switch/hosts/hub-door.ts';
import type { Switch } from '../switch/switch.ts';
import type { PlainHandler } from './dispatcher.ts';
import { json } from './response.ts';

export interface HealthSources {
  hsm: Hsm;
  ledger: Ledger;
  reader: Reader;
  switch: Switch;
  hosts: HubDoor;
  modules: Modules;
  /** Figures of the API itself. */
  api: Registry;
  startedAtMs: number;
}

/** The routes, by path. */
export function healthRoutes(sources: HealthSources): Map<string, PlainHandler> {
  const own = ownMetrics(sources);
  return new Map<string, PlainHandler>([
    ['/healthz', () => health(sources)],
    ['/metrics', () => metrics(sources, own)],
  ]);
}

async function health(sources: HealthSources) {
  const { hsm, reader, switch: workers, hosts, modules, startedAtMs } = sources;
  const { name, provider, production, state, operations, problem } = await hsm.status();
  const { position, businessDates } = reader.head();
  const ok = state !== 'down';
  const uptimeSeconds = Math.floor((performance.now() - startedAtMs) / 1_000);
  const outsideToken = operations.filter(({ place }) => place === 'process');
  return json(
    {
      status: ok ? 'ok' : 'down',
      uptimeSeconds,
      switch: { workers: workers.workerCount, ports: workers.ports },
      hosts: await hosts.status(),
      ledger: { position, businessDates },
      modules: modulesHealth(modules, position),
      hsm: { name, provider, production, state, ...(problem ? { problem } : {}), outsideToken },
    },
    ok ? 200 : 503,
  );
}

/** A stopped module does not make the switch unhealthy, but it is the first thing to see. */
function modulesHealth(modules: Modules, headPosition: number) {
  const lags = modules.lags(headPosition, Date.now());
  const stopped = lags
    .filter(({ failure }) => failure !== null)
    .map(({ name, failure }) => ({ name, ...failure }));
  const stands = lags.map(({ name, position, lagRecords }) => ({ name, position, lagRecords }));
  const isOk = modules.problem === null && stopped.length === 0;
  const problem = modules.problem === null ? {} : { problem: modules.problem };
  return { status: isOk ? 'ok' : 'degraded', stopped, stands, ...problem };
}

async function metrics(sources: HealthSources, own: Registry) {
  const parts = [
    ...(await sources.switch.metrics()),
    ...(await sources.hosts.metrics()),
    await own.getMetricsAsJSON(),
    await sources.api.getMetricsAsJSON(),
  ];
  const merged = AggregatorRegistry.aggregate(parts as object[]);
  return {
    status: 200,
    contentType: merged.contentType,
    body: await merged.metrics(),
  };
}

/** Figures of the main thread: the process, the ledger's head, and the modules. */
function ownMetrics({ reader, modules }: HealthSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'posp_' });
  new Gauge({
    name: 'posp_ledger_position',
    help: 'Position of the last journal record',
    registers: [registry],
    collect() {
      this.set(reader.head().position);
    },
  });
  addModuleMetrics(registry, modules, reader);
  return registry;
}

/** One gauge of the modules: its name, its help, and its value for one of them. */
const MODULE_GAUGES: [name: string, help: string, value: (lag: ModuleLag) => number][] = [
  ['position', 'Position of the last record that the module applied', ({ position }) => position],
  ['lag_records', 'Records that the module has still to apply', ({ lagRecords }) => lagRecords],
  ['lag_seconds', 'Age of the oldest record not yet applied', ({ lagSeconds }) => lagSeconds],
  ['up', '1 while the module runs, 0 when it stopped', ({ failure }) => (failure ? 0 : 1)],
  ['failures', 'How often the module stopped since the start', ({ failures }) => failures],
];

function addModuleMetrics(registry: Registry, modules: Modules, reader: Reader): void {
  for (const [name, help, value] of MODULE_GAUGES) {
    new Gauge({
      name: `posp_module_${name}`,
      help,
      labelNames: ['module'],
      registers: [registry],
      collect() {
        const lags = modules.lags(reader.head().position, Date.now());
        for (const lag of lags) this.set({ module: lag.name }, value(lag));
      },
    });
  }
}
