/** What a switch worker has of the hosts: where a card goes, and the way to the hub that holds the links. */
import type { MessagePort } from 'node:worker_threads';
import type { Reader } from '../../ledger/reader.ts';
import { Router } from '../routing/router.ts';
import type { RouteRule } from '../routing/rules.ts';
import type { Hosts, Institutions } from '../services.ts';
import { HostGateway, type HostSlots } from './gateway.ts';

/** What the main thread hands to a worker. */
export interface WorkerHosts {
  /** To the hub; null when no hosts are configured. */
  port: MessagePort | null;
  /** The hosts, and where each one's state is. */
  slots: HostSlots;
  /** One number a host: whether it takes requests. */
  states: SharedArrayBuffer;
  codes: Record<string, Record<string, string>>;
  routes: RouteRule[];
}

/** The way of a switch that has no hosts. */
export function noHosts(): WorkerHosts {
  return { port: null, slots: {}, states: new SharedArrayBuffer(4), codes: {}, routes: [] };
}

export function openHosts(input: WorkerHosts, reader: Reader, institutions: Institutions): Hosts {
  const { port, slots, states, codes, routes } = input;
  return {
    gateway: new HostGateway(port, slots, states),
    router: new Router(routes, Object.keys(slots), reader, institutions),
    codesOf: (host) => codes[host] ?? {},
  };
}
