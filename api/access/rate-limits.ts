/** Token buckets by name: so many calls a second, and as many again in a burst. */

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Names that are remembered; a bucket that is forgotten is a full one. */
const BUCKETS_MAX = 10_000;

export class RateLimits {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes one; 0 when there was one, otherwise the seconds until there is. */
  take(name: string, perSecond: number): number {
    const nowMs = this.#now();
    const most = perSecond * 2;
    const bucket = this.#buckets.get(name) ?? { tokens: most, filledAtMs: nowMs };
    const gained = ((nowMs - bucket.filledAtMs) / 1_000) * perSecond;
    bucket.tokens = Math.min(most, bucket.tokens + gained);
    bucket.filledAtMs = nowMs;
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > BUCKETS_MAX) {
      const oldest = this.#buckets.keys().next().value;
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / perSecond);
    bucket.tokens -= 1;
    return 0;
  }
}
