/** The door of a switch worker to the host hub. */
import type { MessagePort } from 'node:worker_threads';
import type { FromHub, HostReply, HostRequest, ToHub } from './messages.ts';

/** Host names and the place of each one's number among the states. */
export type HostSlots = Readonly<Record<string, number>>;

/** Whether each host takes requests now: one number a host, written by the hub alone. */
export const HOST_DOWN = 0;
export const HOST_UP = 1;

export class HostGateway {
  readonly #port: MessagePort | null;
  readonly #slots: HostSlots;
  readonly #states: Int32Array;
  readonly #waiting = new Map<number, (reply: HostReply) => void>();
  #out: ToHub[] = [];
  #calls = 0;

  /** Without a port there are no hosts. */
  constructor(port: MessagePort | null, slots: HostSlots, states: SharedArrayBuffer) {
    this.#port = port;
    this.#slots = slots;
    this.#states = new Int32Array(states);
    port?.on('message', (batch: FromHub[]) => {
      for (const message of batch) this.#receive(message);
    });
    port?.unref();
  }

  isUp(host: string): boolean {
    const slot = this.#slots[host];
    return slot !== undefined && Atomics.load(this.#states, slot) === HOST_UP;
  }

  /** Never rejects: what goes wrong is a reply. */
  ask(request: HostRequest): Promise<HostReply> {
    const call = ++this.#calls;
    this.#send({ kind: 'ask', call, request });
    return new Promise((resolve) => this.#waiting.set(call, resolve));
  }

  /**
   * Tells the hub of a record that obliges us to tell a host something. It leaves at once: whoever has
   * the terminal's answer in hand and asks what is owed must find it.
   */
  forward(position: number): void {
    this.#out.push({ kind: 'forward', position });
    this.#flush();
  }

  close(): void {
    this.#port?.close();
  }

  #send(message: ToHub): void {
    if (this.#out.length === 0) setImmediate(() => this.#flush());
    this.#out.push(message);
  }

  #flush(): void {
    const batch = this.#out;
    if (batch.length === 0) return;
    this.#out = [];
    this.#port?.postMessage(batch);
  }

  #receive({ call, reply }: FromHub): void {
    const resolve = this.#waiting.get(call);
    this.#waiting.delete(call);
    resolve?.(reply);
  }
}
