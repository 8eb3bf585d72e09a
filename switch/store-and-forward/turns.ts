/**
 * Whose turn it is at a host, of all that is about one transaction.
 *
 * A request must not overtake what is still owed: a void whose purchase the host has not been told of, a
 * second completion whose first one is still to be reversed there. It is held until that is done, or
 * refused when it takes too long: then nothing has left, and nothing is owed for it. And what is owed
 * must not overtake a request that is under way: lines differ, and a reversal that finds nothing there
 * yet would leave standing what comes after it.
 */
import type { HostReply, HostRequest } from '../hosts/messages.ts';
import { askedOf, type LedgerAndReader, stateOf } from '../routed/asked.ts';
import type { ForwardingHost } from './forwarding-host.ts';
import type { ForwardQueue, InStory } from './queue.ts';
import { rootOf } from './records.ts';

interface Held {
  request: HostRequest;
  host: ForwardingHost;
  story: InStory;
  deadlineMs: number;
  resolve: (reply: HostReply) => void;
}

const REFUSED: HostReply = { state: 'not-sent', reason: 'earlier-message-owed' };

export class Turns {
  readonly #queue: ForwardQueue;
  readonly #services: LedgerAndReader;
  #held: Held[] = [];
  /** Positions of requests under way, by the story they belong to. */
  readonly #asked = new Map<number, number[]>();

  constructor(queue: ForwardQueue, services: LedgerAndReader) {
    this.#queue = queue;
    this.#services = services;
  }

  /** Asks the host when nothing earlier about the same transaction is owed to it. */
  ask(request: HostRequest, host: ForwardingHost, nowMs: number): Promise<HostReply> {
    const { position, originalPosition } = request;
    if (position === 0) return host.ask(request);
    const recordAt = (at: number) => this.#services.reader.record(at);
    const root = originalPosition === undefined ? position : rootOf(originalPosition, recordAt);
    const story = { host: request.host, root, position };
    if (!this.#queue.isBehind(story)) return this.#ask(request, root, host);
    this.#queue.hasten(story);
    const deadlineMs = nowMs + host.config.storeAndForward.waitMs;
    return new Promise((resolve) => {
      this.#held.push({ request, host, story, deadlineMs, resolve });
    });
  }

  /** Whether an earlier request about the same transaction is under way. */
  isAskedBefore({ root, position }: InStory): boolean {
    return this.#asked.get(root)?.some((asked) => asked < position) === true;
  }

  /** Called when something that was owed has ended, and from time to time. */
  release(nowMs: number): void {
    if (this.#held.length === 0) return;
    const rest: Held[] = [];
    for (const held of this.#held) {
      if (!this.#queue.isBehind(held.story)) void this.#send(held);
      else if (held.deadlineMs <= nowMs) held.resolve(REFUSED);
      else rest.push(held);
    }
    this.#held = rest;
  }

  stop(): void {
    for (const { resolve } of this.#held) resolve({ state: 'not-sent', reason: 'stopping' });
    this.#held = [];
  }

  /** What the terminal has reversed while it was held must not leave any more. */
  async #send({ request, host, story, resolve }: Held): Promise<void> {
    const asked = askedOf(this.#services.reader.record(request.position));
    const isOpen = asked !== null && (await stateOf(asked, this.#services)).state === 'open';
    resolve(isOpen ? await this.#ask(request, story.root, host) : REFUSED);
  }

  async #ask(request: HostRequest, root: number, host: ForwardingHost): Promise<HostReply> {
    const { position } = request;
    this.#asked.set(root, [...(this.#asked.get(root) ?? []), position]);
    try {
      return await host.ask(request);
    } finally {
      const rest = this.#asked.get(root)!.filter((asked) => asked !== position);
      if (rest.length === 0) this.#asked.delete(root);
      else this.#asked.set(root, rest);
    }
  }
}
