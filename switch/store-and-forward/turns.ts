/**
 * Requests that must not overtake what a host is still owed: a void whose purchase the host has not
 * been told of, a second completion whose first one is still to be reversed there. They are held until
 * that is done, or refused when it takes too long: then nothing has left, and nothing is owed for them.
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

  constructor(queue: ForwardQueue, services: LedgerAndReader) {
    this.#queue = queue;
    this.#services = services;
  }

  /** Asks the host when nothing earlier about the same transaction is owed to it. */
  ask(
    request: HostRequest,
    originalPosition: number,
    host: ForwardingHost,
    nowMs: number,
  ): Promise<HostReply> {
    const { reader } = this.#services;
    const root = rootOf(originalPosition, (position) => reader.record(position));
    const story = { host: request.host, root, position: request.position };
    if (!this.#queue.isBehind(story)) return host.ask(request);
    this.#queue.hasten(story);
    const deadlineMs = nowMs + host.config.storeAndForward.waitMs;
    return new Promise((resolve) => {
      this.#held.push({ request, host, story, deadlineMs, resolve });
    });
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
  async #send({ request, host, resolve }: Held): Promise<void> {
    const asked = askedOf(this.#services.reader.record(request.position));
    const isOpen = asked !== null && (await stateOf(asked, this.#services)).state === 'open';
    resolve(isOpen ? await host.ask(request) : REFUSED);
  }
}
