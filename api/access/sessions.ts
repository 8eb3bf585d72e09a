/** Sessions of operators: in memory, so a restart ends them all. A token is kept as its hash only. */
import { createHash, randomBytes } from 'node:crypto';

export interface Session {
  operator: string;
  startedAtMs: number;
  usedAtMs: number;
}

const IDLE_MS_MAX = 30 * 60_000;
const AGE_MS_MAX = 12 * 3_600_000;
const SESSIONS_MAX = 10_000;
/** Wrong passwords in a row until the operator has to wait. */
const FAILURES_MAX = 5;
const LOCKED_MS = 15 * 60_000;
const LOCKS_MAX = 10_000;

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #failures = new Map<string, { count: number; lockedUntilMs: number }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Starts a session; gives its token. */
  start(operator: string): string {
    const token = randomBytes(32).toString('base64url');
    const nowMs = this.#now();
    this.#sessions.set(hashOf(token), { operator, startedAtMs: nowMs, usedAtMs: nowMs });
    if (this.#sessions.size > SESSIONS_MAX) {
      const oldest = this.#sessions.keys().next().value;
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
    return token;
  }

  /** The operator of a token; null when it is unknown or too old. */
  use(token: string): string | null {
    const key = hashOf(token);
    const session = this.#sessions.get(key);
    if (session === undefined) return null;
    const nowMs = this.#now();
    const isOver =
      nowMs - session.usedAtMs > IDLE_MS_MAX || nowMs - session.startedAtMs > AGE_MS_MAX;
    if (isOver) {
      this.#sessions.delete(key);
      return null;
    }
    session.usedAtMs = nowMs;
    return session.operator;
  }

  end(token: string): void {
    this.#sessions.delete(hashOf(token));
  }

  /** Ends every session of an operator: the password or the rights changed. */
  endAll(operator: string): void {
    for (const [key, session] of this.#sessions) {
      if (session.operator === operator) this.#sessions.delete(key);
    }
  }

  /** Seconds until the operator may try a password again; 0: now. */
  lockedSeconds(operator: string): number {
    const failures = this.#failures.get(operator);
    if (failures === undefined) return 0;
    return Math.max(0, Math.ceil((failures.lockedUntilMs - this.#now()) / 1_000));
  }

  /** Counts a wrong password; true when that locked the operator. */
  failed(operator: string): boolean {
    const count = (this.#failures.get(operator)?.count ?? 0) + 1;
    const locks = count >= FAILURES_MAX;
    const lockedUntilMs = locks ? this.#now() + LOCKED_MS : 0;
    this.#failures.set(operator, { count: locks ? 0 : count, lockedUntilMs });
    if (this.#failures.size > LOCKS_MAX) {
      const oldest = this.#failures.keys().next().value;
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    return locks;
  }

  succeeded(operator: string): void {
    this.#failures.delete(operator);
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
