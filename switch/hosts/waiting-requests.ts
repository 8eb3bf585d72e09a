/** Requests that wait for a link with room: first come, first served, and none longer than allowed. */
import type { HostConfig } from '../../config/schema.ts';
import { type HostReply, type HostRequest, type NotSentReason, notSent } from './messages.ts';

interface Waiting {
  request: HostRequest;
  deadlineMs: number;
  resolve: (reply: HostReply) => void;
}

export class WaitingRequests {
  readonly #limits: HostConfig['limits'];
  #queue: Waiting[] = [];

  constructor(limits: HostConfig['limits']) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#queue.length;
  }

  /** The reply that the request gets in the end; at once when the queue is full. */
  add(request: HostRequest, nowMs: number): Promise<HostReply> {
    const { queued, queueTimeoutMs } = this.#limits;
    if (this.#queue.length >= queued) return Promise.resolve(notSent('queue-full'));
    return new Promise((resolve) => {
      this.#queue.push({ request, deadlineMs: nowMs + queueTimeoutMs, resolve });
    });
  }

  /** Takes off the one that has waited longest. */
  next(): Omit<Waiting, 'deadlineMs'> | undefined {
    return this.#queue.shift();
  }

  /** Refuses those that have waited too long; all may wait equally long, so the first is the oldest. */
  expire(nowMs: number): void {
    while (this.#queue[0] !== undefined && this.#queue[0].deadlineMs <= nowMs) {
      this.#queue.shift()!.resolve(notSent('queue-timeout'));
    }
  }

  refuseAll(reason: NotSentReason): void {
    for (const { resolve } of this.#queue) resolve(notSent(reason));
    this.#queue = [];
  }
}
