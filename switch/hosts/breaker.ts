/**
 * Leaves a host alone that does not answer. After so many time-outs in a row nothing goes to it for a
 * while; then one echo test says whether it is back.
 */
export type BreakerState = 'closed' | 'open' | 'probing';

export class Breaker {
  readonly #timeoutsMax: number;
  readonly #openMs: number;
  #timeouts = 0;
  #openUntilMs = 0;
  #state: BreakerState = 'closed';

  constructor({ timeouts, openSeconds }: { timeouts: number; openSeconds: number }) {
    this.#timeoutsMax = timeouts;
    this.#openMs = openSeconds * 1_000;
  }

  get state(): BreakerState {
    return this.#state;
  }

  answered(): void {
    this.#timeouts = 0;
    this.#state = 'closed';
  }

  timedOut(nowMs: number): void {
    this.#timeouts++;
    if (this.#state === 'closed' && this.#timeouts < this.#timeoutsMax) return;
    this.#state = 'open';
    this.#openUntilMs = nowMs + this.#openMs;
  }

  /** True once when the time has come for an echo test. */
  mayProbe(nowMs: number): boolean {
    if (this.#state !== 'open' || nowMs < this.#openUntilMs) return false;
    this.#state = 'probing';
    return true;
  }
}
