/**
 * The host hub: all links to all hosts, in a thread of its own.
 *
 * Workers come and go with a reload and there are as many as there are processors; a bank grants a
 * fixed number of lines, counts sign-ons, and gives one set of keys. So the links, the keys, the
 * limits, and what is still owed to hosts have one owner that outlives every worker.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { MessagePort } from 'node:worker_threads';
import type { HostConfig } from '../../config/schema.ts';
import type { Hsm, StoredKey } from '../../hsm/types.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import type { Reader } from '../../ledger/reader.ts';
import { toStoredKey } from '../keys.ts';
import type { Logger } from '../log.ts';
import type { Asked } from '../routed/asked.ts';
import { settle } from '../routed/settle.ts';
import { Institutions } from '../services.ts';
import { Forwarder } from '../store-and-forward/forwarder.ts';
import { LateAnswers } from '../store-and-forward/late-answers.ts';
import { repeatEntry } from '../store-and-forward/records.ts';
import { findLeftOpen } from '../store-and-forward/recovery.ts';
import { tryListening } from './connections.ts';
import { HOST_DOWN, HOST_UP, type HostSlots } from './gateway.ts';
import { Host } from './host.ts';
import { HostMetrics } from './host-metrics.ts';
import { HostPlace } from './host-place.ts';
import type { FromHub, HostReply, HostRequest, ToHub } from './messages.ts';
import { readWatermark, writeWatermark } from './watermark.ts';

export interface HubParts {
  configs: HostConfig[];
  /** One number a host, each in its slot: what workers look at. */
  states: SharedArrayBuffer;
  slots: HostSlots;
  folder: string;
  hsm: Hsm;
  ledger: LedgerClient;
  reader: Reader;
  log: Logger;
}

/** The one timer: time-outs, retries and echo tests need no finer resolution. */
const SWEEP_INTERVAL_MS = 50;
const WATERMARK_INTERVAL_MS = 30_000;

/** How long a reload waits for a host that is new. */
const PATIENCE_MS = 3_000;

/** What was asked before this time ago has its result, or its repeat, in the journal. */
const SETTLED_AFTER_MS = 180_000;

/** The registry's name of a host's ZMK. */
export function zoneMasterKeyName(host: string): string {
  return `host-${host}-zmk`;
}

export class Hub {
  readonly metrics = new HostMetrics();
  readonly #parts: HubParts;
  readonly #places = new Map<string, HostPlace>();
  #slots: HostSlots;
  readonly #forwarder: Forwarder;
  readonly #late: LateAnswers;
  readonly #heads: { atMs: number; position: number }[] = [];
  #timer: NodeJS.Timeout | null = null;
  #watermarkMs = 0;

  constructor(parts: HubParts) {
    this.#parts = parts;
    const { configs, slots, log, reader, ledger } = parts;
    this.#slots = slots;
    for (const config of configs) this.#places.set(config.name, this.#makePlace(config));
    const institutions = new Institutions(reader);
    this.#forwarder = new Forwarder({ hosts: this.#places, reader, ledger, institutions, log });
    this.#late = new LateAnswers({ reader, ledger, log }, this.#forwarder);
  }

  /** Resolves when everything that a crash left open is resolved or owed to its host. */
  async start(): Promise<void> {
    await this.#recover();
    for (const place of this.#places.values()) await place.start();
    this.#timer = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
  }

  /**
   * The first half of a reload: hosts that are new are connected to, and given time to come up before
   * workers know of them. Rejects when a host cannot be listened for; nothing has changed then.
   */
  async add(configs: HostConfig[], slots: HostSlots): Promise<void> {
    this.#slots = slots;
    await this.#tryListening(configs);
    const added = configs.filter(({ name }) => !this.#places.has(name));
    const places = added.map((config) => this.#makePlace(config));
    try {
      for (const place of places) await place.start();
    } catch (error) {
      for (const place of places) place.stop();
      throw error;
    }
    for (const place of places) this.#places.set(place.name, place);
    await Promise.all(places.map((place) => place.whenUp(PATIENCE_MS)));
  }

  /** The second half: other configurations take their hosts' places, hosts that are gone end. */
  async change(configs: HostConfig[]): Promise<void> {
    const wanted = new Map(configs.map((config) => [config.name, config]));
    const changes = [...this.#places.values()].map(async (place) => {
      const config = wanted.get(place.name);
      if (config === undefined) {
        await place.end();
        this.#places.delete(place.name);
        this.metrics.forget(place.name);
      } else if (!isDeepStrictEqual(config, place.config)) {
        await place.change(config);
      }
    });
    await Promise.all(changes);
  }

  /** Whether addresses that are new can be had. */
  async #tryListening(configs: HostConfig[]): Promise<void> {
    const before = [...this.#places.values()].map(({ config }) => addressOf(config));
    for (const config of configs) {
      const { listen } = config;
      if (listen !== undefined && !before.includes(addressOf(config))) await tryListening(listen);
    }
  }

  /** Serves a worker until its port is closed. */
  connect(port: MessagePort): void {
    let out: FromHub[] = [];
    const send = (message: FromHub) => {
      if (out.length === 0) {
        setImmediate(() => {
          const batch = out;
          out = [];
          port.postMessage(batch);
        });
      }
      out.push(message);
    };
    port.on('message', (batch: ToHub[]) => {
      for (const message of batch) this.#take(message, send);
    });
  }

  status(): object[] {
    return [...this.#places.values()].map((place) => place.status());
  }

  get forwarder(): Forwarder {
    return this.#forwarder;
  }

  collectMetrics(): void {
    for (const place of this.#places.values()) {
      const { name, links, inFlight } = place.status();
      this.metrics.up.set({ host: name }, place.isUp ? 1 : 0);
      this.metrics.links.set({ host: name }, links);
      this.metrics.inFlight.set({ host: name }, inFlight);
    }
    const { waiting, withOperator } = this.#forwarder.counts();
    this.metrics.forwards.set({ state: 'waiting' }, waiting);
    this.metrics.forwards.set({ state: 'with-operator' }, withOperator);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#forwarder.stop();
    for (const place of this.#places.values()) place.stop();
  }

  #makePlace(config: HostConfig): HostPlace {
    const { log, states } = this.#parts;
    const view = new Int32Array(states);
    const slot = this.#slots[config.name];
    if (slot === undefined) throw new Error(`host ${config.name} has no slot`);
    return new HostPlace(config, {
      log,
      makeHost: (now, changed) => this.#makeHost(now, changed),
      changed: (isUp) => Atomics.store(view, slot, isUp ? HOST_UP : HOST_DOWN),
    });
  }

  #makeHost(config: HostConfig, changed: () => void): Host {
    const { hsm, log, reader } = this.#parts;
    const masterKey = (): StoredKey | null => {
      const item = reader.registry.get('key', zoneMasterKeyName(config.name));
      return item === null ? null : toStoredKey(item.value);
    };
    return new Host({
      config,
      hsm,
      log,
      masterKey,
      metrics: this.metrics,
      changed,
      late: (position, message) => void this.#late.take(config, position, message),
    });
  }

  #take(message: ToHub, send: (message: FromHub) => void): void {
    if (message.kind === 'forward') {
      const record = this.#parts.reader.record(message.position);
      if (record === null) throw new Error(`position ${message.position} is not in the journal`);
      this.#forwarder.add(record);
      return;
    }
    const { call, request } = message;
    const host = this.#places.get(request.host);
    if (host === undefined) {
      send({ kind: 'reply', call, reply: { state: 'not-sent', reason: 'no-link' } });
      return;
    }
    void this.#ask(host, request).then((reply) => send({ kind: 'reply', call, reply }));
  }

  /**
   * What refers to an earlier transaction waits for its turn. Another worker's word of what is owed for
   * that one may be behind this request, though it was said before: so it is listened for first.
   */
  async #ask(host: HostPlace, request: HostRequest): Promise<HostReply> {
    if (request.originalPosition !== undefined) await nextTurn();
    return this.#forwarder.ask(request, host);
  }

  /** What was asked before a crash: nobody knows whether it arrived, so it is undone or asked again. */
  async #recover(): Promise<void> {
    const { reader, folder, log } = this.#parts;
    const found = await findLeftOpen(readWatermark(folder, reader), this.#parts);
    for (const { obligation, withOperator } of found.obligations) {
      this.#forwarder.add(reader.record(obligation.position)!, withOperator);
    }
    for (const asked of found.asked) {
      const position = await this.#giveUp(asked);
      if (position > 0) this.#forwarder.add(reader.record(position)!);
    }
    writeWatermark(folder, found.oldest, reader);
    const { length: owed } = found.obligations;
    const { length: givenUp } = found.asked;
    log.info({ owed, givenUp, scanned: found.scanned }, 'what hosts must still be told');
  }

  async #giveUp(asked: Asked): Promise<number> {
    if (asked.sort === 'repeatable') {
      return (await this.#parts.ledger.submit(repeatEntry(asked.record))).position;
    }
    const verdict = {
      approved: false,
      responseCode: '98',
      rule: 'host-answer-lost-in-a-restart',
      undoAtHost: true,
    };
    const record = await settle(asked, verdict, async () => ({}), this.#parts);
    return record?.position ?? 0;
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const place of this.#places.values()) place.sweep(nowMs);
    this.#forwarder.sweep(nowMs);
    if (nowMs - this.#watermarkMs >= WATERMARK_INTERVAL_MS) this.#moveWatermark(nowMs);
  }

  #moveWatermark(nowMs: number): void {
    const { reader, folder } = this.#parts;
    this.#watermarkMs = nowMs;
    this.#heads.push({ atMs: nowMs, position: reader.head().position });
    let settled = 0;
    while (this.#heads[0] !== undefined && this.#heads[0].atMs < nowMs - SETTLED_AFTER_MS) {
      settled = this.#heads.shift()!.position;
    }
    if (settled === 0) return;
    writeWatermark(folder, Math.min(settled, this.#forwarder.oldest ?? settled), reader);
  }
}

function addressOf({ listen }: HostConfig): string {
  return listen === undefined ? '' : `${listen.address}:${listen.port}`;
}
