/** What the host hub counts. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export class HostMetrics {
  readonly registry = new Registry();
  readonly #answers = new Counter({
    name: 'posp_host_requests_total',
    help: 'Requests to hosts, by field 39 of the answer or why there was none',
    labelNames: ['host', 'result'],
    registers: [this.registry],
  });
  readonly #durations = new Histogram({
    name: 'posp_host_request_duration_seconds',
    help: 'From sending a request to a host to its answer',
    labelNames: ['host'],
    buckets: [0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30],
    registers: [this.registry],
  });
  readonly #unusable = new Counter({
    name: 'posp_host_unusable_answers_total',
    help: 'Messages of hosts that answered nothing: late, wrong MAC, unreadable',
    labelNames: ['host', 'why'],
    registers: [this.registry],
  });
  readonly up = new Gauge({
    name: 'posp_host_up',
    help: 'Whether the host takes requests',
    labelNames: ['host'],
    registers: [this.registry],
  });
  readonly links = new Gauge({
    name: 'posp_host_links',
    help: 'Open links to the host',
    labelNames: ['host'],
    registers: [this.registry],
  });
  readonly inFlight = new Gauge({
    name: 'posp_host_in_flight',
    help: 'Requests that wait for the answer of the host',
    labelNames: ['host'],
    registers: [this.registry],
  });
  readonly forwards = new Gauge({
    name: 'posp_store_and_forward_open',
    help: 'What hosts must still be told, by state',
    labelNames: ['state'],
    registers: [this.registry],
  });

  /** The host is there no more; what was counted of it stays. */
  forget(host: string): void {
    for (const gauge of [this.up, this.links, this.inFlight]) gauge.remove({ host });
  }

  answered(host: string, result: string, durationMs: number): void {
    this.#answers.inc({ host, result });
    this.#durations.observe({ host }, durationMs / 1_000);
  }

  unusable(host: string, why: string): void {
    this.#unusable.inc({ host, why });
  }
}
