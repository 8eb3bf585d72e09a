/**
 * A host's place in the hub, by its name: the host as its configuration has it now. Another
 * configuration takes the place without losing a request: the old host answers what is under way and
 * closes its links, and what comes meanwhile waits until the new one is up. Both at once would not do:
 * a bank grants a fixed number of lines, and the keys of one sign-on end with the next.
 */
import type { HostConfig } from '../../config/schema.ts';
import type { Logger } from '../log.ts';
import type { Host } from './host.ts';
import type { HostReply, HostRequest } from './messages.ts';

export interface PlaceParts {
  makeHost: (config: HostConfig, changed: () => void) => Host;
  log: Logger;
  /** Called when the place begins or ceases to take requests. */
  changed: (isUp: boolean) => void;
}

interface Waiting {
  request: HostRequest;
  resolve: (reply: HostReply) => void;
}

interface Awaited {
  deadlineMs: number;
  resolve: () => void;
}

export class HostPlace {
  readonly name: string;
  readonly #parts: PlaceParts;
  #config: HostConfig;
  #host: Host;
  /** What came while one host took the place of another that was up; null when none does. */
  #waiting: Waiting[] | null = null;
  #untilUp: Awaited | null = null;

  constructor(config: HostConfig, parts: PlaceParts) {
    this.name = config.name;
    this.#parts = parts;
    this.#config = config;
    this.#host = parts.makeHost(config, () => this.#note());
  }

  get config(): HostConfig {
    return this.#config;
  }

  get isUp(): boolean {
    return this.#waiting !== null || this.#host.isUp;
  }

  status() {
    return this.#host.status();
  }

  /** Rejects when the address where the host is listened for cannot be had. */
  start(): Promise<void> {
    return this.#host.start();
  }

  /** Never rejects for what the host or the line does. */
  ask(request: HostRequest): Promise<HostReply> {
    const waiting = this.#waiting;
    if (waiting === null) return this.#host.ask(request);
    if (waiting.length >= this.#config.limits.queued) {
      return Promise.resolve({ state: 'not-sent', reason: 'queue-full' });
    }
    return new Promise((resolve) => waiting.push({ request, resolve }));
  }

  /** Resolves when the host takes requests, or when it has not come up in this time. */
  whenUp(patienceMs: number): Promise<void> {
    if (this.#host.isUp) return Promise.resolve();
    return new Promise((resolve) => {
      this.#untilUp = { deadlineMs: performance.now() + patienceMs, resolve };
    });
  }

  /** Another configuration takes the place; resolves when its host is up, or has not come up in time. */
  async change(config: HostConfig): Promise<void> {
    const wasUp = this.#host.isUp;
    if (wasUp) this.#waiting = [];
    await this.#host.drain();
    this.#config = config;
    this.#host = this.#parts.makeHost(config, () => this.#note());
    try {
      await this.#host.start();
    } catch (error) {
      this.#parts.log.error({ host: this.name, error }, 'the host cannot be listened for');
    }
    if (wasUp) await this.whenUp(config.connectTimeoutMs + config.answerTimeoutMs);
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const { request, resolve } of waiting) void this.#host.ask(request).then(resolve);
    this.#note();
  }

  /** Answers what is under way and takes nothing more. */
  async end(): Promise<void> {
    this.#parts.changed(false);
    await this.#host.drain();
  }

  /** Called by the one timer of the hub. */
  sweep(nowMs: number): void {
    this.#host.sweep(nowMs);
    const awaited = this.#untilUp;
    if (awaited === null) return;
    if (!this.#host.isUp && nowMs < awaited.deadlineMs) return;
    this.#untilUp = null;
    awaited.resolve();
  }

  stop(): void {
    this.#host.stop();
    for (const { resolve } of this.#waiting ?? [])
      resolve({ state: 'not-sent', reason: 'stopping' });
    this.#waiting = null;
  }

  #note(): void {
    this.#parts.changed(this.isUp);
  }
}
