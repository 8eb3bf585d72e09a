/** Messages of one host to bytes and back: dialect, envelope, which answer belongs to which request. */
import type { HostConfig } from '../../config/schema.ts';
import { macFieldOf } from '../../protocols/dialects/bank-host.ts';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import { joinEnvelope, splitEnvelope } from '../../protocols/framing/envelope.ts';
import type { Framing } from '../../protocols/framing/framing.ts';
import type { Codec, Message } from '../../protocols/iso8583/message.ts';
import type { HostFields } from './host-fields.ts';

/** Room for the MAC; 8 bytes whatever the dialect. */
const NO_MAC = new Uint8Array(8);

export class HostWire {
  readonly framing: Framing;
  readonly #codec: Codec;
  readonly #tpdu: Uint8Array;
  readonly #header: Uint8Array;
  readonly #matchFields: readonly number[];

  constructor({ dialect, framing, matchFields }: HostConfig) {
    const known = DIALECTS[dialect];
    if (known === undefined) throw new Error(`there is no dialect ${dialect}`);
    this.#codec = known.codec;
    this.#tpdu = Buffer.from(framing.tpdu ?? '', 'hex');
    this.#header = Buffer.from(framing.header ?? '', 'hex');
    this.#matchFields = matchFields;
    this.framing = {
      length: framing.length,
      tpdu: framing.tpdu !== undefined,
      header: framing.header !== undefined,
      minBytes: this.#tpdu.length + this.#header.length + 10,
      maxBytes: framing.bytesMax,
    };
  }

  /** The frame. `makeMac` gets the bytes that the MAC is over; left out, the message has none. */
  async encode(
    messageType: string,
    fields: HostFields,
    makeMac?: (input: Uint8Array) => Promise<Uint8Array>,
  ): Promise<Buffer> {
    const body = await this.#body(messageType, fields, makeMac);
    return joinEnvelope(this.framing, this.#tpdu, this.#header, body);
  }

  async #body(
    messageType: string,
    fields: HostFields,
    makeMac?: (input: Uint8Array) => Promise<Uint8Array>,
  ): Promise<Buffer> {
    if (makeMac === undefined) return this.#codec.encode({ mti: messageType, fields });
    const macField = macFieldOf(Object.keys(fields).map(Number));
    const place = { mti: messageType, fields: { ...fields, [macField]: NO_MAC } };
    const input = this.#codec.decode(this.#codec.encode(place)).macInput();
    const mac = await makeMac(Uint8Array.from(input));
    return this.#codec.encode({ mti: messageType, fields: { ...fields, [macField]: mac } });
  }

  /** Throws ProtocolError. */
  decode(frame: Uint8Array): Message {
    return this.#codec.decode(splitEnvelope(frame, this.framing).body);
  }

  /** Answers to this request have this key. */
  keyOfRequest(messageType: string, fields: HostFields): string {
    const answerType = String(Number(messageType) + 10).padStart(4, '0');
    return this.#key(answerType, (field) => fields[field]);
  }

  keyOfAnswer(message: Message): string {
    return this.#key(message.mti, (field) => message.get(field));
  }

  #key(type: string, value: (field: number) => unknown): string {
    const parts = this.#matchFields.map((field) => String(value(field) ?? '').trim());
    return [type, ...parts].join('|');
  }
}
