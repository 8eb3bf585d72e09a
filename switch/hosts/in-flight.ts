/**
 * Requests that wait for their answers, by the key that the answer will have. All of a host wait
 * equally long, so the first of the map is always the first to run out of time.
 */
import type { Link } from './link.ts';

export interface InFlight<Reply> {
  key: string;
  link: Link;
  deadlineMs: number;
  sentMs: number;
  /** The asked record, 0 for none. */
  position: number;
  resolve: (reply: Reply) => void;
}

/** How long, and how many, keys of requests without an answer are remembered for late answers. */
const REMEMBERED_MAX = 20_000;

export class InFlightTable<Reply> {
  readonly #waiting = new Map<string, InFlight<Reply>>();
  readonly #given = new Map<string, number>();

  get size(): number {
    return this.#waiting.size;
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  add(one: InFlight<Reply>): void {
    this.#waiting.set(one.key, one);
    one.link.inFlight++;
  }

  get(key: string): InFlight<Reply> | undefined {
    return this.#waiting.get(key);
  }

  /** Takes the request off; undefined when it is not (or no longer) there. */
  take(key: string): InFlight<Reply> | undefined {
    const one = this.#waiting.get(key);
    if (one === undefined) return undefined;
    this.#waiting.delete(key);
    one.link.inFlight--;
    return one;
  }

  /** Takes off what has run out of time. */
  *due(nowMs: number): Iterable<InFlight<Reply>> {
    for (const one of this.#waiting.values()) {
      if (one.deadlineMs > nowMs) return;
      yield this.#giveUp(one);
    }
  }

  /** Takes off what went out on a link. */
  *onLink(link: Link): Iterable<InFlight<Reply>> {
    for (const one of this.#waiting.values()) {
      if (one.link === link) yield this.#giveUp(one);
    }
  }

  /** The asked record of a request that was given up, by the key of an answer that came too late. */
  givenUp(key: string): number | undefined {
    return this.#given.get(key);
  }

  #giveUp(one: InFlight<Reply>): InFlight<Reply> {
    this.take(one.key);
    if (one.position > 0) this.#given.set(one.key, one.position);
    if (this.#given.size > REMEMBERED_MAX) this.#given.delete(this.#given.keys().next().value!);
    return one;
  }
}
