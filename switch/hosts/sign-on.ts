/** Our session with a host: signed on or not, when to try again, which keys came with it. */
import type { HostConfig } from '../../config/schema.ts';
import { HsmError } from '../../hsm/errors.ts';
import { ProtocolError } from '../../protocols/error.ts';
import type { Logger } from '../log.ts';
import { backOffMs } from './connections.ts';
import type { HostKeys } from './host-keys.ts';
import type { HostReply } from './messages.ts';

export class SignOn {
  readonly #config: HostConfig;
  readonly #keys: HostKeys;
  readonly #log: Logger;
  /** Sends the sign-on message. */
  readonly #send: () => Promise<HostReply>;
  #done = false;
  #attempts = 0;
  /** Not before this, on the monotonic clock. */
  #atMs = 0;
  #busy = false;

  constructor(config: HostConfig, keys: HostKeys, log: Logger, send: () => Promise<HostReply>) {
    this.#config = config;
    this.#keys = keys;
    this.#log = log;
    this.#send = send;
  }

  get done(): boolean {
    return this.#done || !this.#config.signOn;
  }

  /** The last line is gone, and the session with it. */
  lost(): void {
    this.#done = false;
  }

  isDue(nowMs: number): boolean {
    return !this.done && !this.#busy && nowMs >= this.#atMs;
  }

  /** `hasLine` is asked after the answer: a line that went meanwhile took the session with it. */
  async run(hasLine: () => boolean): Promise<void> {
    this.#busy = true;
    const problem = await this.#attempt();
    this.#busy = false;
    this.#done = problem === '' && hasLine();
    if (this.#done) {
      this.#attempts = 0;
      this.#atMs = 0;
      return;
    }
    const { firstMs, maxMs } = this.#config.reconnect;
    this.#atMs = performance.now() + backOffMs(this.#attempts++, firstMs, maxMs);
    this.#log.warn({ host: this.#config.name, problem }, 'sign-on at the host failed');
  }

  /** What went wrong, empty for nothing. */
  async #attempt(): Promise<string> {
    const reply = await this.#send();
    if (reply.state !== 'answered') return reply.reason;
    const code = reply.fields[39] ?? '';
    if (code !== '00') return `refused with ${code}`;
    try {
      await this.#keys.take(reply.fields[48] ?? '');
      return '';
    } catch (error) {
      if (error instanceof ProtocolError || error instanceof HsmError) return error.code;
      return (error as Error).message;
    }
  }
}
