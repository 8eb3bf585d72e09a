/**
 * One bank host: its links, what is under way on them, its session (sign-on, keys, echo), and when it
 * is left alone. A request gets exactly one reply; what comes after that is a late answer.
 */
import type { Socket } from 'node:net';
import type { HostConfig } from '../../config/schema.ts';
import { HsmError } from '../../hsm/errors.ts';
import type { Hsm, StoredKey } from '../../hsm/types.ts';
import { NETWORK_CODE } from '../../protocols/dialects/bank-host.ts';
import { isAccepted } from '../../protocols/dialects/cup-responses.ts';
import { ProtocolError } from '../../protocols/error.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import type { Logger } from '../log.ts';
import { Breaker } from './breaker.ts';
import { ConnectingSource, type LinkSource, ListeningSource, openSocket } from './connections.ts';
import type { HostFields } from './host-fields.ts';
import { HostKeys } from './host-keys.ts';
import type { HostMetrics } from './host-metrics.ts';
import { HostWire } from './host-wire.ts';
import { InFlightTable } from './in-flight.ts';
import { Link } from './link.ts';
import type { HostReply, HostRequest, NotSentReason } from './messages.ts';
import { answerKeyChange, networkFields } from './session.ts';
import { SignOn } from './sign-on.ts';

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

/** A request that waits for a link with room. */
interface Queued {
  request: HostRequest;
  deadlineMs: number;
  resolve: (reply: HostReply) => void;
}

/** A message in bytes, and the key of its answer. */
interface Made {
  frame: Buffer;
  key: string;
}

/** After so many wrong MACs with no right one between them, our keys are not the host's. */
const WRONG_MACS_MAX = 5;

/** Field 53 of a PIN block of format 0 under a double-length key. */
const PIN_WITH_PAN_3DES = '2600000000000000';

type SourceOfLink = LinkSource | null;

export class Host {
  readonly name: string;
  readonly #parts: HostParts;
  readonly #config: HostConfig;
  readonly #wire: HostWire;
  readonly #keys: HostKeys;
  readonly #breaker: Breaker;
  readonly #signOn: SignOn;
  readonly #inFlight = new InFlightTable<HostReply>();
  readonly #links = new Map<Link, SourceOfLink>();
  readonly #sources: LinkSource[] = [];
  #queue: Queued[] = [];
  #turn = 0;
  #traces = 0;
  #wrongMacs = 0;
  #stopping = false;
  #wasUp = false;
  /** Requests between their coming and their reply, without those that wait in the queue. */
  #sending = 0;
  /** Called when nothing is under way any more; null while new requests are taken. */
  #drained: (() => void) | null = null;

  constructor(parts: HostParts) {
    const { config, hsm, masterKey } = parts;
    this.name = config.name;
    this.#parts = parts;
    this.#config = config;
    this.#wire = new HostWire(config);
    this.#keys = new HostKeys(hsm, masterKey, config.mac ?? 'x9.19');
    this.#breaker = new Breaker(config.breaker);
    this.#signOn = new SignOn(config, this.#keys, parts.log, () =>
      this.#manage(NETWORK_CODE.signOn, null),
    );
  }

  /** Resolves when the host is listened for, or at once when we connect. */
  async start(): Promise<void> {
    const { connect = [], listen, links, connection } = this.#config;
    if (connection === 'short') {
      this.#note();
      return;
    }
    if (listen !== undefined) {
      const source: ListeningSource = new ListeningSource(this.#config, (socket) =>
        this.#opened(socket, source),
      );
      this.#sources.push(source);
      const ready = source.ready();
      source.start();
      const port = await ready;
      this.#parts.log.info({ host: this.name, port }, 'waiting for the host to connect');
    }
    for (const to of connect.flatMap((one) => Array.from({ length: links }, () => one))) {
      const source: ConnectingSource = new ConnectingSource(this.#config, to, (socket) =>
        this.#opened(socket, source),
      );
      this.#sources.push(source);
      source.start();
    }
  }

  stop(): void {
    this.#stopping = true;
    for (const source of this.#sources) source.stop();
    for (const link of [...this.#links.keys()]) link.close('stopping');
    for (const { resolve } of this.#queue) resolve(notSent('stopping'));
    this.#queue = [];
  }

  /** Takes nothing new; resolves when what is under way has its answers, and all links are closed. */
  drain(): Promise<void> {
    for (const source of this.#sources) source.stop();
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
      queued: this.#queue.length,
      breaker: this.#breaker.state,
    };
  }

  /** Never rejects for what the host or the line does. */
  ask(request: HostRequest): Promise<HostReply> {
    const why = this.#whyDown();
    if (why !== null) return Promise.resolve(notSent(why));
    const nowMs = performance.now();
    const { queued, queueTimeoutMs } = this.#config.limits;
    if (this.#config.connection === 'short') return this.#send(request, null);
    const link = this.#linkWithRoom(nowMs);
    if (link !== null) return this.#send(request, link);
    if (this.#queue.length >= queued) return Promise.resolve(notSent('queue-full'));
    return new Promise((resolve) => {
      this.#queue.push({ request, deadlineMs: nowMs + queueTimeoutMs, resolve });
    });
  }

  /** Called by the one timer of the hub. */
  sweep(nowMs: number): void {
    for (const one of this.#inFlight.due(nowMs)) {
      if (this.#config.connection === 'short') one.link.close('timeout');
      this.#breaker.timedOut(nowMs);
      one.resolve({ state: 'unanswered', reason: 'timeout' });
    }
    while (this.#queue[0] !== undefined && this.#queue[0].deadlineMs <= nowMs) {
      this.#queue.shift()!.resolve(notSent('queue-timeout'));
    }
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
    if (this.#stopping || this.#inFlight.size + this.#queue.length + this.#sending > 0) return;
    this.stop();
    drained();
  }

  #whyDown(): NotSentReason | null {
    if (this.#stopping) return 'stopping';
    if (!this.#hasLine()) return 'no-link';
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

  #opened(socket: Socket, source: SourceOfLink): Link {
    const link = new Link(socket, this.#wire.framing, performance.now(), {
      frame: (from, frame) => void this.#receive(from, frame),
      closed: (lost, reason) => this.#lost(lost, reason),
    });
    this.#links.set(link, source);
    this.#signOnWhenDue(performance.now());
    this.#note();
    return link;
  }

  #lost(link: Link, reason: string): void {
    const source = this.#links.get(link) ?? null;
    this.#links.delete(link);
    for (const one of this.#inFlight.onLink(link)) {
      one.resolve({ state: 'unanswered', reason: 'link-lost' });
    }
    if (this.#config.connection === 'short') return;
    if (this.#links.size === 0) this.#signOn.lost();
    const { log } = this.#parts;
    if (!this.#stopping) log.warn({ host: this.name, remote: link.remote, reason }, 'link closed');
    source?.lost();
    this.#note();
  }

  #linkWithRoom(nowMs: number): Link | null {
    const links = [...this.#links.keys()];
    const { inFlightPerLink, perSecondPerLink } = this.#config.limits;
    const first = this.#config.sharing === 'share' ? this.#turn++ : 0;
    for (let at = 0; at < links.length; at++) {
      const link = links[(first + at) % links.length]!;
      if (link.hasRoom(inFlightPerLink, perSecondPerLink, nowMs)) return link;
    }
    return null;
  }

  /** Sends what waited, as far as there is room. */
  #pump(nowMs: number): void {
    while (this.#queue.length > 0) {
      const link = this.#linkWithRoom(nowMs);
      if (link === null) return;
      const { request, resolve } = this.#queue.shift()!;
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
      made = await this.#withPin(request);
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

  /** Null when the PIN block does not open to a PIN. */
  async #withPin({ messageType, fields, pin }: HostRequest): Promise<Made | null> {
    const complete: HostFields = { ...(fields as HostFields) };
    try {
      if (pin !== undefined && this.#config.signOn) {
        complete[52] = await this.#keys.translatePin(pin, String(complete[2] ?? ''));
        complete[53] = PIN_WITH_PAN_3DES;
      }
    } catch (error) {
      if (error instanceof HsmError && error.code === 'bad_pin_block') return null;
      throw error;
    }
    return this.#make(messageType, complete, true);
  }

  async #make(messageType: string, fields: HostFields, withMac: boolean): Promise<Made> {
    const { signOn, mac } = this.#config;
    const makeMac = withMac && signOn && mac !== null;
    const frame = await this.#wire.encode(
      messageType,
      fields,
      makeMac ? (input) => this.#keys.mac(input) : undefined,
    );
    return { frame, key: this.#wire.keyOfRequest(messageType, fields) };
  }

  /** One message out, one reply. */
  async #dispatch(
    { frame, key }: Made,
    position: number,
    through: Link | null,
  ): Promise<HostReply> {
    const { connection, connect, connectTimeoutMs, answerTimeoutMs } = this.#config;
    let link = through?.isOpen === true ? through : this.#linkWithRoom(performance.now());
    if (connection === 'short') {
      const to = connect?.[this.#turn++ % (connect?.length ?? 1)];
      if (to === undefined) return notSent('no-link');
      link = await openSocket(to, connectTimeoutMs).then(
        (socket) => this.#opened(socket, null),
        () => null,
      );
    }
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
    this.#traces = (this.#traces + 1) % 1_000_000;
    const fields = networkFields(code, this.#traces, new Date());
    return this.#dispatch(await this.#make('0800', fields, false), 0, link);
  }

  async #receive(link: Link, frame: Uint8Array): Promise<void> {
    const { log, metrics } = this.#parts;
    try {
      const message = this.#wire.decode(frame);
      if (Number(message.mti[2]) % 2 === 0) await this.#answerHost(link, message);
      else await this.#answered(link, message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      metrics.unusable(this.name, 'unreadable');
      log.warn({ host: this.name, error: error.toJSON() }, 'a message of the host cannot be read');
    }
  }

  async #answered(link: Link, message: Message): Promise<void> {
    const key = this.#wire.keyOfAnswer(message);
    if (!(await this.#macIsRight(message))) {
      this.#parts.metrics.unusable(this.name, 'wrong-mac');
      this.#parts.log.warn({ host: this.name, message }, 'an answer of the host has a wrong MAC');
      this.#noteWrongMac();
      return;
    }
    if (message.has(64) || message.has(128)) this.#wrongMacs = 0;
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
  #noteWrongMac(): void {
    this.#wrongMacs++;
    if (this.#wrongMacs < WRONG_MACS_MAX) return;
    this.#wrongMacs = 0;
    this.#parts.log.warn({ host: this.name }, 'the keys are out of step with the host: signing on');
    this.#signOn.lost();
    this.#note();
  }

  /** Network messages carry none; a host may leave it out of a decline, but never of an approval. */
  async #macIsRight(message: Message): Promise<boolean> {
    const { signOn, mac } = this.#config;
    if (!signOn || mac === null || message.mti.startsWith('08')) return true;
    const given = message.bytes(message.has(128) ? 128 : 64);
    if (given === undefined) return !isAccepted(message.get(39) ?? '');
    if (!this.#keys.ready) return false;
    return this.#keys.isRight(Uint8Array.from(message.macInput()), Uint8Array.from(given));
  }

  /** Echo tests and new keys that the host sends by itself. */
  async #answerHost(link: Link, message: Message): Promise<void> {
    const fields = await answerKeyChange(message, this.#keys);
    if (fields === null) return;
    const answerType = String(Number(message.mti) + 10).padStart(4, '0');
    link.send(await this.#wire.encode(answerType, fields), performance.now());
  }

  #keepAlive(nowMs: number): void {
    if (this.#config.connection === 'short') return;
    for (const link of this.#links.keys()) {
      const silentMs = nowMs - link.lastReceivedMs;
      if (link.echoing || silentMs < this.#config.echoSeconds * 1_000) continue;
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
    if (this.#stopping || !this.#hasLine() || !this.#signOn.isDue(nowMs)) return;
    void this.#signOn.run(() => this.#hasLine()).then(() => this.#note());
  }

  #hasLine(): boolean {
    return this.#config.connection === 'short' || this.#links.size > 0;
  }
}

function notSent(reason: NotSentReason): HostReply {
  return { state: 'not-sent', reason };
}

/** Fields of an answer that somebody may want to know. */
const ANSWER_FIELDS = [4, 15, 37, 38, 39, 44, 48, 54, 55, 70] as const;

export function textFields(message: Message): Record<number, string> {
  const fields: Record<number, string> = {};
  for (const field of ANSWER_FIELDS) {
    const value = message.get(field);
    if (value !== undefined) fields[field] = value;
  }
  return fields;
}
