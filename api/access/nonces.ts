/**
 * The nonces that were used, so that no signed call counts twice. Each is remembered as long as its
 * timestamp could still be accepted; a client that fills its memory has to wait.
 */
export type NonceVerdict = 'new' | 'used' | 'full';

const NONCES_MAX = 50_000;

export class Nonces {
  /** Per client: nonce and when it may be forgotten, in the order of arrival. */
  readonly #seen = new Map<string, Map<string, number>>();
  readonly #keptSeconds: number;

  constructor(keptSeconds: number) {
    this.#keptSeconds = keptSeconds;
  }

  use(client: string, nonce: string, nowSeconds: number): NonceVerdict {
    let seen = this.#seen.get(client);
    if (seen === undefined) {
      seen = new Map();
      this.#seen.set(client, seen);
    }
    for (const [old, forgetAt] of seen) {
      if (forgetAt > nowSeconds) break;
      seen.delete(old);
    }
    if (seen.has(nonce)) return 'used';
    if (seen.size >= NONCES_MAX) return 'full';
    seen.set(nonce, nowSeconds + this.#keptSeconds);
    return 'new';
  }
}
