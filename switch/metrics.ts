/** What a switch worker counts. The main thread adds the workers' figures up for `/metrics`. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ProcessedRequest } from './request-processor.ts';

export class SwitchMetrics {
  readonly registry = new Registry();
  readonly #requests = new Counter({
    name: 'posp_requests_total',
    help: 'Requests answered, by transaction and response code',
    labelNames: ['kind', 'response_code'],
    registers: [this.registry],
  });
  readonly #durations = new Histogram({
    name: 'posp_request_duration_seconds',
    help: 'From the last byte of a request to the first byte of its answer',
    labelNames: ['kind'],
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
    registers: [this.registry],
  });
  readonly #connections = new Gauge({
    name: 'posp_connections',
    help: 'Open connections of terminals',
    labelNames: ['listener'],
    registers: [this.registry],
  });
  readonly #closed = new Counter({
    name: 'posp_connections_closed_total',
    help: 'Connections closed, by reason',
    labelNames: ['listener', 'reason'],
    registers: [this.registry],
  });

  requestProcessed({ kind, responseCode, durationMs }: ProcessedRequest): void {
    this.#requests.inc({ kind, response_code: responseCode });
    this.#durations.observe({ kind }, durationMs / 1_000);
  }

  connectionOpened(listener: string): void {
    this.#connections.inc({ listener });
  }

  connectionRefused(listener: string, reason: string): void {
    this.#closed.inc({ listener, reason: `refused-${reason}` });
  }

  connectionClosed(listener: string, reason: string): void {
    this.#connections.dec({ listener });
    this.#closed.inc({ listener, reason });
  }
}
