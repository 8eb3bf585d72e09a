/**
 * What a host sends: its own messages are answered, answers to ours are proven. What cannot be read,
 * or has a wrong MAC, is counted and dropped.
 */
import { ProtocolError } from '../../protocols/error.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import type { Logger } from '../log.ts';
import type { HostMetrics } from './host-metrics.ts';
import type { Link } from './link.ts';
import type { SecuredMessages } from './secured-messages.ts';

export interface IncomingParts {
  /** Of the host. */
  name: string;
  messages: SecuredMessages;
  log: Logger;
  metrics: HostMetrics;
  /** An answer with a right MAC; `key` is that of its request. */
  answered: (link: Link, key: string, message: Message) => void;
  /** Our keys are not the host's. */
  outOfStep: () => void;
}

/** After so many wrong MACs with no right one between them, our keys are not the host's. */
const WRONG_MACS_MAX = 5;

export class Incoming {
  readonly #parts: IncomingParts;
  #wrongMacs = 0;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  async receive(link: Link, frame: Uint8Array): Promise<void> {
    const { name, messages, log, metrics } = this.#parts;
    try {
      const message = messages.read(frame);
      if (Number(message.mti[2]) % 2 === 0) await this.#answerHost(link, message);
      else await this.#prove(link, message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      metrics.unusable(name, 'unreadable');
      log.warn({ host: name, error: error.toJSON() }, 'a message of the host cannot be read');
    }
  }

  /** Echo tests and new keys that the host sends by itself. */
  async #answerHost(link: Link, message: Message): Promise<void> {
    const frame = await this.#parts.messages.answerTo(message);
    if (frame !== null) link.send(frame, performance.now());
  }

  async #prove(link: Link, message: Message): Promise<void> {
    const { name, messages, log, metrics, answered } = this.#parts;
    const key = messages.keyOfAnswer(message);
    if (!(await messages.macIsRight(message))) {
      metrics.unusable(name, 'wrong-mac');
      log.warn({ host: name, message }, 'an answer of the host has a wrong MAC');
      this.#noteWrongMac();
      return;
    }
    if (message.has(64) || message.has(128)) this.#wrongMacs = 0;
    answered(link, key, message);
  }

  /** Keys that are out of step never come right by themselves. */
  #noteWrongMac(): void {
    this.#wrongMacs++;
    if (this.#wrongMacs < WRONG_MACS_MAX) return;
    this.#wrongMacs = 0;
    this.#parts.outOfStep();
  }
}
