/** What the API counts. */
import { Counter, Histogram, Registry } from 'prom-client';
import type { Answered } from './dispatcher.ts';

export class ApiMetrics {
  readonly registry = new Registry();
  readonly #answers = new Counter({
    name: 'posp_api_requests_total',
    help: 'API calls answered, by route and status',
    labelNames: ['route', 'status'],
    registers: [this.registry],
  });
  readonly #durations = new Histogram({
    name: 'posp_api_request_duration_seconds',
    help: 'From the whole request to its answer',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    registers: [this.registry],
  });

  answered({ route, status, durationMs }: Answered): void {
    this.#answers.inc({ route, status });
    this.#durations.observe({ route }, durationMs / 1_000);
  }
}
