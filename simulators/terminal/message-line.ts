/**
 * Messages of a simulated terminal on its line: framed, with a MAC where the request has one, and
 * the MAC of the answer checked.
 */
import { cup } from '../../protocols/dialects/cup.ts';
import { joinEnvelope, splitEnvelope } from '../../protocols/framing/envelope.ts';
import { CUP_TERMINAL_FRAMING } from '../../protocols/framing/framing.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import type { Exchanged, Fields, LineFault } from './exchange.ts';
import type { TerminalKeys } from './terminal-keys.ts';
import { NoAnswer, TerminalLink } from './terminal-link.ts';

export interface MessageLineOptions {
  host: string;
  port: number;
  terminalId: string;
  merchantId: string;
  keys: TerminalKeys;
  timeoutMs: number;
}

const TPDU = Buffer.from('6000060000', 'hex');
const HEADER = Buffer.from('603100311234', 'hex');

/** In field 64 of a request: the line is to put the MAC there. */
export const NO_MAC = new Uint8Array(8);

export class MessageLine {
  readonly #options: MessageLineOptions;
  readonly #link: TerminalLink;

  constructor(options: MessageLineOptions) {
    this.#options = options;
    const { host, port } = options;
    this.#link = new TerminalLink({ host, port, framing: CUP_TERMINAL_FRAMING });
  }

  close(): void {
    this.#link.close();
  }

  /** Never rejects for want of an answer: then the response code says why. */
  async ask(messageType: string, fields: Fields, fault?: LineFault): Promise<Exchanged> {
    const startedMs = performance.now();
    const body = await this.#encode(messageType, fields);
    const request = cup.decode(body);
    const frame = joinEnvelope(CUP_TERMINAL_FRAMING, TPDU, HEADER, body);
    const base = { request, slip: null, reversed: false };
    const latencyMs = () => performance.now() - startedMs;
    try {
      if (fault === 'break-after-sending') {
        await this.#link.sendAndBreak(frame);
        throw new NoAnswer('disconnected');
      }
      const wanted = (received: Uint8Array) => isAnswerTo(request, received);
      const received = await this.#link.exchange(frame, wanted, this.#options.timeoutMs);
      const answer = cup.decode(splitEnvelope(received, CUP_TERMINAL_FRAMING).body);
      const responseCode = (await this.#macIsRight(answer)) ? (answer.get(39) ?? '') : 'bad-mac';
      return { ...base, answer, responseCode, latencyMs: latencyMs() };
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return { ...base, answer: null, responseCode: error.reason, latencyMs: latencyMs() };
    }
  }

  async #encode(messageType: string, fields: Fields): Promise<Buffer> {
    const { terminalId, merchantId, keys } = this.#options;
    const all = { ...fields, 41: terminalId, 42: merchantId };
    const body = cup.encode({ mti: messageType, fields: all });
    if (fields[64] === NO_MAC) {
      const input = body.subarray(0, body.length - NO_MAC.length);
      body.set(await keys.mac(input), input.length);
    }
    return body;
  }

  /** An answer with a MAC must have the right one; a declined one may come without. */
  async #macIsRight(answer: Message): Promise<boolean> {
    const mac = answer.bytes(64);
    if (mac === undefined) return true;
    return this.#options.keys.verifyMac(answer.macInput(), mac);
  }
}

/** Trace number and message type say which request an answer belongs to. */
function isAnswerTo(request: Message, frame: Uint8Array): boolean {
  const { body } = splitEnvelope(frame, CUP_TERMINAL_FRAMING);
  const answer = cup.decode(body);
  const sameType = Number(answer.mti) === Number(request.mti) + 10;
  return sameType && (answer.get(11) ?? '') === (request.get(11) ?? '');
}
