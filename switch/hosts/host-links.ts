/** All links of one host: how they come and go, and which of them the next message takes. */
import type { Socket } from 'node:net';
import type { HostConfig } from '../../config/schema.ts';
import type { Framing } from '../../protocols/framing/framing.ts';
import { ConnectingSource, type LinkSource, ListeningSource, openSocket } from './connections.ts';
import { Link, type LinkEvents } from './link.ts';

export interface HostLinksEvents extends LinkEvents {
  opened: () => void;
}

export class HostLinks {
  readonly #config: HostConfig;
  readonly #framing: Framing;
  readonly #events: HostLinksEvents;
  /** Each with what opened it; null when it was opened for one message. */
  readonly #links = new Map<Link, LinkSource | null>();
  readonly #sources: LinkSource[] = [];
  #turn = 0;

  constructor(config: HostConfig, framing: Framing, events: HostLinksEvents) {
    this.#config = config;
    this.#framing = framing;
    this.#events = events;
  }

  get size(): number {
    return this.#links.size;
  }

  /** Where each message has its own connection, there always is a line. */
  get hasLine(): boolean {
    return this.#config.connection === 'short' || this.#links.size > 0;
  }

  /** Resolves to the port when the host is listened for, to null at once when we connect. */
  async start(): Promise<number | null> {
    const { connect = [], listen, links } = this.#config;
    let port: number | null = null;
    if (listen !== undefined) {
      const source: ListeningSource = new ListeningSource(this.#config, (socket) =>
        this.#opened(socket, source),
      );
      this.#sources.push(source);
      const ready = source.ready();
      source.start();
      port = await ready;
    }
    for (const to of connect.flatMap((one) => Array.from({ length: links }, () => one))) {
      const source: ConnectingSource = new ConnectingSource(this.#config, to, (socket) =>
        this.#opened(socket, source),
      );
      this.#sources.push(source);
      source.start();
    }
    return port;
  }

  /** Those that are open stay open. */
  openNoMore(): void {
    for (const source of this.#sources) source.stop();
  }

  closeAll(reason: string): void {
    for (const link of [...this.#links.keys()]) link.close(reason);
  }

  /** The first in order, or the next in turn, that may take another request now. */
  withRoom(nowMs: number): Link | null {
    const links = [...this.#links.keys()];
    const { inFlightPerLink, perSecondPerLink } = this.#config.limits;
    const first = this.#config.sharing === 'share' ? this.#turn++ : 0;
    for (let at = 0; at < links.length; at++) {
      const link = links[(first + at) % links.length]!;
      if (link.hasRoom(inFlightPerLink, perSecondPerLink, nowMs)) return link;
    }
    return null;
  }

  /** A connection for one message, to the next address in turn; null when it does not come about. */
  async openForOne(): Promise<Link | null> {
    const { connect, connectTimeoutMs } = this.#config;
    const to = connect?.[this.#turn++ % (connect?.length ?? 1)];
    if (to === undefined) return null;
    return openSocket(to, connectTimeoutMs).then(
      (socket) => this.#opened(socket, null),
      () => null,
    );
  }

  /** Lasting links on which an echo test is due. */
  *silent(nowMs: number): Iterable<Link> {
    if (this.#config.connection === 'short') return;
    for (const link of this.#links.keys()) {
      const silentMs = nowMs - link.lastReceivedMs;
      if (!link.echoing && silentMs >= this.#config.echoSeconds * 1_000) yield link;
    }
  }

  #opened(socket: Socket, source: LinkSource | null): Link {
    const link = new Link(socket, this.#framing, performance.now(), {
      frame: this.#events.frame,
      closed: (lost, reason) => this.#closed(lost, reason),
    });
    this.#links.set(link, source);
    this.#events.opened();
    return link;
  }

  #closed(link: Link, reason: string): void {
    const source = this.#links.get(link) ?? null;
    this.#links.delete(link);
    this.#events.closed(link, reason);
    source?.lost();
  }
}
