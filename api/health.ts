/** `/healthz` and `/metrics`: how the process is, for people, load balancers and Prometheus. */
import { AggregatorRegistry, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Hsm } from '../hsm/types.ts';
import type { Reader } from '../ledger/reader.ts';
import type { Ledger } from '../ledger/writer-host.ts';
import type { Switch } from '../switch/switch.ts';
import { type ApiHandler, json } from './server.ts';

export interface HealthSources {
  hsm: Hsm;
  ledger: Ledger;
  reader: Reader;
  switch: Switch;
  startedAtMs: number;
}

/** The routes, by path. */
export function healthRoutes(sources: HealthSources): Map<string, ApiHandler> {
  const own = ownMetrics(sources);
  return new Map<string, ApiHandler>([
    ['/healthz', () => health(sources)],
    ['/metrics', () => metrics(sources, own)],
  ]);
}

async function health({ hsm, reader, switch: workers, startedAtMs }: HealthSources) {
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
      ledger: { position, businessDates },
      hsm: { name, provider, production, state, ...(problem ? { problem } : {}), outsideToken },
    },
    ok ? 200 : 503,
  );
}

async function metrics(sources: HealthSources, own: Registry) {
  const parts = [...(await sources.switch.metrics()), await own.getMetricsAsJSON()];
  const merged = AggregatorRegistry.aggregate(parts as object[]);
  return {
    status: 200,
    contentType: merged.contentType,
    body: await merged.metrics(),
  };
}

/** Figures of the main thread: the process, and the ledger's head. */
function ownMetrics({ reader }: HealthSources): Registry {
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
  return registry;
}
