/** Messages to and from one host with what secures them: the PIN block in our shared key, and the MAC. */
import type { HostConfig } from '../../config/schema.ts';
import { HsmError } from '../../hsm/errors.ts';
import { isAccepted } from '../../protocols/dialects/cup-responses.ts';
import type { Framing } from '../../protocols/framing/framing.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import type { HostFields } from './host-fields.ts';
import type { HostKeys } from './host-keys.ts';
import { HostWire } from './host-wire.ts';
import type { HostRequest } from './messages.ts';
import { answerKeyChange, networkFields } from './session.ts';

/** A message in bytes, and the key of its answer. */
export interface Made {
  frame: Buffer;
  key: string;
}

/** Field 53 of a PIN block of format 0 under a double-length key. */
const PIN_WITH_PAN_3DES = '2600000000000000';

export class SecuredMessages {
  readonly #config: HostConfig;
  readonly #wire: HostWire;
  readonly #keys: HostKeys;
  #traces = 0;

  constructor(config: HostConfig, keys: HostKeys) {
    this.#config = config;
    this.#wire = new HostWire(config);
    this.#keys = keys;
  }

  get framing(): Framing {
    return this.#wire.framing;
  }

  /** Null when the PIN block does not open to a PIN. */
  async ofRequest({ messageType, fields, pin }: HostRequest): Promise<Made | null> {
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
    const { signOn, mac } = this.#config;
    return this.#make(messageType, complete, signOn && mac !== null);
  }

  /** Network management of ours: it carries no MAC. */
  async ofNetwork(code: string): Promise<Made> {
    this.#traces = (this.#traces + 1) % 1_000_000;
    return this.#make('0800', networkFields(code, this.#traces, new Date()), false);
  }

  /** Our answer to what the host sends by itself (echo tests, new keys); null for what gets none. */
  async answerTo(message: Message): Promise<Buffer | null> {
    const fields = await answerKeyChange(message, this.#keys);
    if (fields === null) return null;
    const answerType = String(Number(message.mti) + 10).padStart(4, '0');
    return this.#wire.encode(answerType, fields);
  }

  /** Throws ProtocolError. */
  read(frame: Uint8Array): Message {
    return this.#wire.decode(frame);
  }

  keyOfAnswer(message: Message): string {
    return this.#wire.keyOfAnswer(message);
  }

  /** Network messages carry none; a host may leave it out of a decline, but never of an approval. */
  async macIsRight(message: Message): Promise<boolean> {
    const { signOn, mac } = this.#config;
    if (!signOn || mac === null || message.mti.startsWith('08')) return true;
    const given = message.bytes(message.has(128) ? 128 : 64);
    if (given === undefined) return !isAccepted(message.get(39) ?? '');
    if (!this.#keys.ready) return false;
    return this.#keys.isRight(Uint8Array.from(message.macInput()), Uint8Array.from(given));
  }

  async #make(messageType: string, fields: HostFields, withMac: boolean): Promise<Made> {
    const makeMac = withMac ? (input: Uint8Array) => this.#keys.mac(input) : undefined;
    const frame = await this.#wire.encode(messageType, fields, makeMac);
    return { frame, key: this.#wire.keyOfRequest(messageType, fields) };
  }
}
