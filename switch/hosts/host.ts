/**
 * One bank host: its links, what is under way on them, its session (sign-on, keys, echo), and when it
 * is left alone. A request gets exactly one reply; what comes after that is a late answer.
 */
import type { HostConfig } from '../../config/schema.ts';
import type { Hsm, StoredKey } from '../../hsm/types.ts';
import { NETWORK_CODE } from '../../protocols/dialects/bank-host.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import type { Logger } from '../log.ts';
import { Breaker } from './breaker.ts';
import { HostKeys } from './host-keys.ts';
import { HostLinks } from './host-links.ts';
import type { HostMetrics } from './host-metrics.ts';
import { InFlightTable } from './in-flight.ts';
import { Incoming } from './incoming.ts';
import type { Link } from './link.ts';
import {
  type HostReply,
  type HostRequest,
  type NotSentReason,
  notSent,
  textFields,
} from './messages.ts';
import { type Made, SecuredMessages } from './secured-messages.ts';
import { SignOn } from './sign-on.ts';
import { WaitingRequests } from './waiting-requests.ts';

export interface HostParts {
  config: HostConfig;
  hsm: Hsm;
  masterKey: () => StoredKey | null;
  log: Logger;
  metrics: HostMetrics;
  /** Called when the host begins or ceases to take requests. */
  changed: () => void;
  /** An answer with a right MAC that no request waits for; `position` is the asked record, if known. */
  late: (position: number | null, message: Message) => void;
}

export class Host {
  readonly name: string;
  readonly #parts: HostParts;
  readonly #config: HostConfig;
  readonly #messages: SecuredMessages;
  readonly #links: HostLinks;
  readonly #incoming: Incoming;
  readonly #breaker: Breaker;
  readonly #signOn: SignOn;
  readonly #inFlight = new InFlightTable<HostReply>();
  readonly #waiting: WaitingRequests;
  #stopping = false;
  #wasUp = false;
  /** Requests between their coming and their reply, without those that wait in the queue. */
  #sending = 0;
  /** Called when nothing is under way any more; null while new requests are taken. */
  #drained: (() => void) | null = null;

  constructor(parts: HostParts) {
    const { config, hsm, masterKey, log, metrics } = parts;
    this.name = config.name;
    this.#parts = parts;
    this.#config = config;
    const keys = new HostKeys(hsm, masterKey, config.mac ?? 'x9.19');
    this.#messages = new SecuredMessages(config, keys);
    this.#incoming = new Incoming({
      name: config.name,
      messages: this.#messages,
      log,
      metrics,
      answered: (link, key, message) => this.#answered(link, key, message),
      outOfStep: () => this.#signOnAgain(),
    });
    this.#waiting = new WaitingRequests(config.limits);
    this.#breaker = new Breaker(config.breaker);
    this.#signOn = new SignOn(config, keys, log, () => this.#manage(NETWORK_CODE.signOn, null));
    this.#links = new HostLinks(config, this.#messages.framing, {
      opened: () => this.#opened(),
      frame: (link, frame) => void this.#incoming.receive(link, frame),
      closed: (link, reason) => this.#lost(link, reason),
    });
  }

  /** Resolves when the host is listened for, or at once when we connect. */
  async start(): Promise<void> {
    if (this.#config.connection === 'short') {
      this.#note();
      return;
    }
    const port = await this.#links.start();
    if (port === null) return;
    this.#parts.log.info({ host: this.name, port }, 'waiting for the host to connect');
  }

  stop(): void {
    this.#stopping = true;
    this.#links.openNoMore();
    this.#links.closeAll('stopping');
    this.#waiting.refuseAll('stopping');
  }

  /** Takes nothing new; resolves when what is under way has its answers, and all links are closed. */
  drain(): Promise<void> {
    this.#links.openNoMore();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  get isUp(): boolean {
    return this.#whyDown() === null;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** For people and the health page. */
  status() {
    return {
      name: this.name,
      state: this.#whyDown() ?? 'up',
      signedOn: this.#signOn.done,
      links: this.#links.size,
      inFlight: this.#inFlight.size,
      queued: this.#waiting.size,
      breaker: this.#breaker.state,
    };
  }

  /** Never rejects for what the host or the line does. */
  ask(request: HostRequest): Promise<HostReply> {
    const why = this.#whyDown();
    if (why !== null) return Promise.resolve(notSent(why));
    const nowMs = performance.now();
    if (this.#config.connection === 'short') return this.#send(request, null);
    const link = this.#links.withRoom(nowMs);
    if (link !== null) return this.#send(request, link);
    return this.#waiting.add(request, nowMs);
  }

  /** Called by the one timer of the hub. */
  sweep(nowMs: number): void {
    for (const one of this.#inFlight.due(nowMs)) {
      if (this.#config.connection === 'short') one.link.close('timeout');
      this.#breaker.timedOut(nowMs);
      one.resolve({ state: 'unanswered', reason: 'timeout' });
    }
    this.#waiting.expire(nowMs);
    this.#pump(nowMs);
    if (this.#drained !== null) {
      this.#endWhenDrained(this.#drained);
      return;
    }
    if (this.#breaker.mayProbe(nowMs)) void this.#probe();
    this.#keepAlive(nowMs);
    this.#signOnWhenDue(nowMs);
    this.#note();
  }

  #endWhenDrained(drained: () => void): void {
    if (this.#stopping || this.#inFlight.size + this.#waiting.size + this.#sending > 0) return;
    this.stop();
    drained();
  }

  #whyDown(): NotSentReason | null {
    if (this.#stopping) return 'stopping';
    if (!this.#links.hasLine) return 'no-link';
    if (!this.#signOn.done) return 'not-signed-on';
    return this.#breaker.state === 'closed' ? null : 'breaker-open';
  }

  /** Tells the workers when the state has changed. */
  #note(): void {
    const { isUp } = this;
    if (isUp === this.#wasUp) return;
    this.#wasUp = isUp;
    this.#parts.changed();
    this.#parts.log.info(this.status(), isUp ? 'host is up' : 'host is down');
  }

  #opened(): void {
    this.#signOnWhenDue(performance.now());
    this.#note();
  }

  #lost(link: Link, reason: string): void {
    for (const one of this.#inFlight.onLink(link)) {
      one.resolve({ state: 'unanswered', reason: 'link-lost' });
    }
    if (this.#config.connection === 'short') return;
    if (this.#links.size === 0) this.#signOn.lost();
    const { log } = this.#parts;
    if (!this.#stopping) log.warn({ host: this.name, remote: link.remote, reason }, 'link closed');
    this.#note();
  }

  /** Sends what waited, as far as there is room. */
  #pump(nowMs: number): void {
    while (this.#waiting.size > 0) {
      const link = this.#links.withRoom(nowMs);
      if (link === null) return;
      const { request, resolve } = this.#waiting.next()!;
      void this.#send(request, link).then(resolve);
    }
  }

  async #send(request: HostRequest, link: Link | null): Promise<HostReply> {
    this.#sending++;
    try {
      return await this.#makeAndSend(request, link);
    } finally {
      this.#sending--;
    }
  }

  /** Room on the link is taken at once: making the bytes may take turns of the event loop. */
  async #makeAndSend(request: HostRequest, link: Link | null): Promise<HostReply> {
    if (link !== null) link.reserved++;
    let made: Made | null;
    try {
      made = await this.#messages.ofRequest(request);
    } finally {
      if (link !== null) link.reserved--;
    }
    if (made === null) return notSent('pin-unreadable');
    const startedMs = performance.now();
    const reply = await this.#dispatch(made, request.position, link);
    const result = reply.state === 'answered' ? (reply.fields[39] ?? '') : reply.reason;
    this.#parts.metrics.answered(this.name, result, performance.now() - startedMs);
    return reply;
  }

  /** One message out, one reply. */
  async #dispatch(
    { frame, key }: Made,
    position: number,
    through: Link | null,
  ): Promise<HostReply> {
    const { connection, answerTimeoutMs } = this.#config;
    let link = through?.isOpen === true ? through : this.#links.withRoom(performance.now());
    if (connection === 'short') link = await this.#links.openForOne();
    if (link === null || !link.isOpen || this.#inFlight.has(key)) return notSent('no-link');
    const sentMs = performance.now();
    return new Promise((resolve) => {
      const deadlineMs = sentMs + answerTimeoutMs;
      this.#inFlight.add({ key, link, deadlineMs, sentMs, position, resolve });
      link.send(frame, sentMs);
    });
  }

  /** Network management through a link, or through any. */
  async #manage(code: string, link: Link | null): Promise<HostReply> {
    return this.#dispatch(await this.#messages.ofNetwork(code), 0, link);
  }

  #answered(link: Link, key: string, message: Message): void {
    const one = this.#inFlight.take(key);
    if (one === undefined) {
      const reference = Number(message.get(37) ?? 0);
      const named = Number.isSafeInteger(reference) && reference > 0 ? reference : null;
      this.#parts.metrics.unusable(this.name, 'late');
      this.#parts.late(this.#inFlight.givenUp(key) ?? named, message);
      return;
    }
    this.#breaker.answered();
    one.resolve({ state: 'answered', fields: textFields(message) });
    if (this.#config.connection === 'short') link.close('done');
    this.#pump(performance.now());
  }

  /** Keys that are out of step never come right by themselves: a new sign-on brings new ones. */
  #signOnAgain(): void {
    this.#parts.log.warn({ host: this.name }, 'the keys are out of step with the host: signing on');
    this.#signOn.lost();
    this.#note();
  }

  #keepAlive(nowMs: number): void {
    for (const link of this.#links.silent(nowMs)) {
      link.echoing = true;
      void this.#manage(NETWORK_CODE.echo, link).then((reply) => {
        link.echoing = false;
        if (reply.state === 'unanswered') link.close('echo-unanswered');
      });
    }
  }

  async #probe(): Promise<void> {
    const reply = await this.#manage(NETWORK_CODE.echo, null);
    if (reply.state === 'not-sent') this.#breaker.timedOut(performance.now());
    this.#note();
  }

  #signOnWhenDue(nowMs: number): void {
    if (this.#stopping || !this.#links.hasLine || !this.#signOn.isDue(nowMs)) return;
    void this.#signOn.run(() => this.#links.hasLine).then(() => this.#note());
  }
}
