/**
 * Who may ask for a bill by its numbers, and how often wrongly. A check code has only 24 bits: after
 * a few wrong ones nobody may ask for that bill for a while, and who asks wrongly too often may not
 * ask at all. A wrong guess, an unknown bill and a lock look the same from outside.
 */
import { timingSafeEqual } from 'node:crypto';

interface Count {
  wrong: number;
  untilMs: number;
}

const WRONG_A_BILL = 5;
const WRONG_A_CALLER = 20;
const WINDOW_MS = 15 * 60_000;
/** Counts that are remembered: the oldest go first. */
const COUNTS_MAX = 50_000;

export class GuessGuard {
  readonly #counts = new Map<string, Count>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * Whether the answer may be given: what is right is right, and nothing is locked. `right` is null
   * when there is no such bill.
   */
  allows(caller: string, billKey: string, given: string, right: string | null): boolean {
    const locked = this.#isLocked(`caller|${caller}`, WRONG_A_CALLER);
    const billLocked = this.#isLocked(`bill|${billKey}`, WRONG_A_BILL);
    const same = isSame(given, right ?? '-'.repeat(given.length));
    if (locked || billLocked) return false;
    if (right !== null && same) return true;
    this.#count(`caller|${caller}`);
    this.#count(`bill|${billKey}`);
    return false;
  }

  #isLocked(name: string, limit: number): boolean {
    const count = this.#counts.get(name);
    if (count === undefined) return false;
    if (this.#now() >= count.untilMs) {
      this.#counts.delete(name);
      return false;
    }
    return count.wrong >= limit;
  }

  #count(name: string): void {
    const count = this.#counts.get(name) ?? { wrong: 0, untilMs: 0 };
    this.#counts.delete(name);
    this.#counts.set(name, { wrong: count.wrong + 1, untilMs: this.#now() + WINDOW_MS });
    if (this.#counts.size > COUNTS_MAX) this.#counts.delete(this.#counts.keys().next().value!);
  }
}

/** Compared in constant time. */
function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
