/**
 * A bank host over TCP, with every way to misbehave, and with books of its own. It gives out keys at
 * sign-on, checks the MAC of every request, and takes reversals for what they are.
 */
import { EventEmitter } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { macFieldOf, NETWORK_CODE } from '../../protocols/dialects/bank-host.ts';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import { splitEnvelope } from '../../protocols/framing/envelope.ts';
import { FrameParser } from '../../protocols/framing/frame-parser.ts';
import type { Framing } from '../../protocols/framing/framing.ts';
import type { Codec, Message } from '../../protocols/iso8583/message.ts';
import { AnswerWriter } from './answer-writer.ts';
import type { Behaviour } from './behaviour.ts';
import type { HostBooks } from './books.ts';
import { type DecisionOptions, Decisions, type Fields } from './decisions.ts';
import { Later } from './later.ts';

export interface BankHostOptions extends DecisionOptions {
  dialect?: string;
  framing?: Framing;
  /** What is done to each financial request; by default all are approved. */
  behave?: (request: Message) => Behaviour;
  /** The same for reversals. */
  behaveToReversal?: (request: Message) => Behaviour;
  lateMs?: number;
  /** Field 39 of sign-on answers. */
  signOnCode?: () => string;
  /** Which network messages (field 70) are answered; by default all. */
  answersNetwork?: (code: string) => boolean;
}

/** Two-byte length, nothing else. */
export const HOST_FRAMING: Framing = {
  length: '2-byte-binary',
  tpdu: false,
  header: false,
  minBytes: 10,
  maxBytes: 2048,
};

/** Fields that every answer repeats. */
const REPEATED = [2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49] as const;
const NO_MAC = new Uint8Array(8);
/** How long a slow host thinks before it books. */
const SLOW_MS = 600;

/** Emits `request` for every message that it understood, with what it did. */
export class BankHost extends EventEmitter<{ request: [Message, string] }> {
  readonly #options: BankHostOptions;
  readonly #codec: Codec;
  readonly #framing: Framing;
  readonly #decisions: Decisions;
  readonly #answers: AnswerWriter;
  readonly #later = new Later();
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  signOns = 0;
  /** Connections that the switch closed before anything was said. */
  refusedConnections = 0;

  constructor(options: BankHostOptions) {
    super();
    this.#options = options;
    this.#codec = DIALECTS[options.dialect ?? 'iso-1987-binary']!.codec;
    this.#framing = options.framing ?? HOST_FRAMING;
    this.#decisions = new Decisions(options);
    this.#answers = new AnswerWriter(this.#framing, options.lateMs ?? 2_000, this.#later);
  }

  get books(): HostBooks {
    return this.#decisions.books;
  }

  /** Listens; gives the port. */
  listen(port: number, address = '127.0.0.1'): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, () => resolve((server.address() as AddressInfo).port));
    });
  }

  /** Connects to a switch that waits for its host; tries again until it is stopped. */
  connectTo(port: number, address = '127.0.0.1'): void {
    const socket = connect({ port, host: address, noDelay: true }, () => this.#serve(socket));
    socket.once('close', () => {
      if (socket.bytesRead === 0) this.refusedConnections++;
    });
    socket.once('error', () => this.#later.after(100, () => this.connectTo(port, address)));
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Cuts every connection; the host goes on listening. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Cuts one connection. */
  cutOne(): void {
    const [socket] = this.#sockets;
    socket?.destroy();
  }

  /** Late answers leave at once. */
  answerLate(): void {
    this.#answers.answerLate();
  }

  /** New keys that the host sends by itself; resolves when the message has left. */
  async changeKeys(): Promise<void> {
    const [socket] = this.#sockets;
    if (socket === undefined) throw new Error('nobody is connected');
    const fields: Fields = { 7: '0101000000', 11: '000001', 70: NETWORK_CODE.keyChange };
    fields[48] = await this.#options.keys.renew();
    this.#answers.write(socket, this.#codec.encode({ mti: '0800', fields }));
  }

  async close(): Promise<void> {
    this.#later.end();
    this.cut();
    const server = this.#server;
    if (server !== null) await new Promise<void>((done) => server.close(() => done()));
  }

  #serve(socket: Socket): void {
    const parser = new FrameParser(this.#framing);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      parser.push(chunk, (frame) => void this.#take(socket, Buffer.from(frame)));
    });
  }

  async #take(socket: Socket, frame: Uint8Array): Promise<void> {
    const message = this.#codec.decode(splitEnvelope(frame, this.#framing).body);
    const { mti } = message;
    if (mti === '0800') await this.#network(socket, message);
    else if (mti[2] !== '1' && mti[2] !== '3') await this.#financial(socket, message);
  }

  async #network(socket: Socket, message: Message): Promise<void> {
    const code = message.get(70) ?? '';
    if (this.#options.answersNetwork?.(code) === false) return;
    const fields: Fields = { 39: '00', 70: code, ...kept(message, [7, 11]) };
    if (code === NETWORK_CODE.signOn) {
      this.signOns++;
      fields[39] = this.#options.signOnCode?.() ?? '00';
      if (fields[39] === '00') fields[48] = await this.#options.keys.renew();
    }
    this.emit('request', message, String(fields[39]));
    this.#answers.write(socket, this.#codec.encode({ mti: '0810', fields }));
  }

  async #financial(socket: Socket, message: Message): Promise<void> {
    if (!(await this.#macIsRight(message))) {
      this.emit('request', message, 'A0');
      await this.#answer(socket, message, { 39: 'A0' }, 'approve');
      return;
    }
    const { behave, behaveToReversal } = this.#options;
    const isReversal = message.mti.startsWith('04');
    const behaviour = (isReversal ? behaveToReversal : behave)?.(message) ?? 'approve';
    if (behaviour === 'slow') await new Promise<void>((done) => this.#later.after(SLOW_MS, done));
    const fields = isReversal
      ? this.#decisions.reverse(message, behaviour)
      : await this.#decisions.decide(message, behaviour);
    this.emit('request', message, `${behaviour} ${fields[39]}`);
    await this.#answer(socket, message, fields, behaviour);
  }

  async #answer(
    socket: Socket,
    message: Message,
    own: Fields,
    behaviour: Behaviour,
  ): Promise<void> {
    if (behaviour === 'silent' || behaviour === 'lost') return;
    if (behaviour === 'drop' || behaviour === 'drop-before') {
      socket.destroy();
      return;
    }
    const fields: Fields = { ...kept(message, REPEATED), ...own };
    if (behaviour === 'wrong-amount') fields[4] = '000000000001';
    const body = await this.#encode(answerType(message.mti), fields, behaviour === 'wrong-mac');
    if (behaviour === 'late') this.#answers.writeLate(socket, body);
    else if (behaviour === 'half-frame') this.#answers.writeHalf(socket, body);
    else if (behaviour === 'out-of-order') this.#answers.writePaired(socket, body);
    else this.#answers.write(socket, body);
    if (behaviour === 'duplicate') this.#answers.write(socket, body);
  }

  async #encode(mti: string, fields: Fields, spoiled: boolean): Promise<Buffer> {
    const { keys } = this.#options;
    if (!keys.ready) return Buffer.from(this.#codec.encode({ mti, fields }));
    const macField = macFieldOf(Object.keys(fields).map(Number));
    const blank = this.#codec.encode({ mti, fields: { ...fields, [macField]: NO_MAC } });
    const mac = await keys.mac(this.#codec.decode(blank).macInput());
    const value = spoiled ? mac.map((byte) => byte ^ 0x55) : mac;
    return Buffer.from(this.#codec.encode({ mti, fields: { ...fields, [macField]: value } }));
  }

  /** Without keys there are no MACs to check. */
  async #macIsRight(message: Message): Promise<boolean> {
    const mac = message.bytes(message.has(128) ? 128 : 64);
    if (mac === undefined) return !this.#options.keys.ready;
    return this.#options.keys.isRight(message.macInput(), mac);
  }
}

function kept(message: Message, numbers: readonly number[]): Fields {
  const fields: Fields = {};
  for (const number of numbers) {
    const value = message.get(number);
    if (value !== undefined) fields[number] = value;
  }
  return fields;
}

function answerType(mti: string): string {
  return String(Number(mti) + 10).padStart(4, '0');
}
