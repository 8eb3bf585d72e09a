/**
 * A bank host over TCP, with every way to misbehave, and with books of its own. It gives out keys at
 * sign-on, checks the MAC of every request, and takes reversals for what they are.
 */
import { EventEmitter } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { field90Original, macFieldOf, NETWORK_CODE } from '../../protocols/dialects/bank-host.ts';
import { field54Amounts } from '../../protocols/dialects/cup-fields.ts';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import { joinEnvelope, splitEnvelope } from '../../protocols/framing/envelope.ts';
import { FrameParser } from '../../protocols/framing/frame-parser.ts';
import type { Framing } from '../../protocols/framing/framing.ts';
import type { Codec, FieldValue, Message } from '../../protocols/iso8583/message.ts';
import { type Behaviour, books } from './behaviour.ts';
import { type Booking, HostBooks, type RequestName } from './books.ts';
import type { BankKeys } from './host-keys.ts';

export interface BankHostOptions {
  keys: BankKeys;
  dialect?: string;
  framing?: Framing;
  /** What is done to each financial request; by default all are approved. */
  behave?: (request: Message) => Behaviour;
  /** The same for reversals. */
  behaveToReversal?: (request: Message) => Behaviour;
  /** Field 39 of what is declined. */
  declineCode?: string;
  lateMs?: number;
  /** PIN of every card; a request with another one is declined with 55. */
  pin?: string;
  /** Field 39 of sign-on answers. */
  signOnCode?: () => string;
  /** Which network messages (field 70) are answered; by default all. */
  answersNetwork?: (code: string) => boolean;
  /** What every card has. */
  balanceFen?: number;
}

/** Two-byte length, nothing else. */
export const HOST_FRAMING: Framing = {
  length: '2-byte-binary',
  tpdu: false,
  header: false,
  minBytes: 10,
  maxBytes: 2048,
};

type Fields = Record<number, FieldValue>;

/** Fields that every answer repeats. */
const REPEATED = [2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49] as const;
const NO_MAC = new Uint8Array(8);
/** An answer waits so long for a second one to leave before it. */
const PAIR_WAIT_MS = 40;

/** Emits `request` for every message that it understood, with what it did. */
export class BankHost extends EventEmitter<{ request: [Message, string] }> {
  readonly books = new HostBooks();
  readonly #options: BankHostOptions;
  readonly #codec: Codec;
  readonly #framing: Framing;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #server: Server | null = null;
  readonly #late = new Set<() => void>();
  #waitingAnswer: (() => void) | null = null;
  #approvals = 0;
  signOns = 0;
  /** Connections that the switch closed before anything was said. */
  refusedConnections = 0;

  constructor(options: BankHostOptions) {
    super();
    this.#options = options;
    this.#codec = DIALECTS[options.dialect ?? 'iso-1987-binary']!.codec;
    this.#framing = options.framing ?? HOST_FRAMING;
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
    socket.once('error', () => this.#after(100, () => this.connectTo(port, address)));
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
    for (const send of [...this.#late]) send();
  }

  /** New keys that the host sends by itself; resolves when the message has left. */
  async changeKeys(): Promise<void> {
    const [socket] = this.#sockets;
    if (socket === undefined) throw new Error('nobody is connected');
    const fields: Fields = { 7: '0101000000', 11: '000001', 70: NETWORK_CODE.keyChange };
    fields[48] = await this.#options.keys.renew();
    this.#write(socket, this.#codec.encode({ mti: '0800', fields }));
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
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
    this.#write(socket, this.#codec.encode({ mti: '0810', fields }));
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
    const fields = isReversal
      ? this.#reverse(message, behaviour)
      : await this.#decide(message, behaviour);
    this.emit('request', message, `${behaviour} ${fields[39]}`);
    await this.#answer(socket, message, fields, behaviour);
  }

  #reverse(message: Message, behaviour: Behaviour): Fields {
    if (behaviour === 'decline') return { 39: this.#options.declineCode ?? '51' };
    if (!books(behaviour)) return { 39: '' };
    const original = field90Original.parse(message.get(90) ?? '');
    const terminalId = message.get(41) ?? '';
    return { 39: this.books.reverse({ ...original, terminalId }) };
  }

  async #decide(message: Message, behaviour: Behaviour): Promise<Fields> {
    const { declineCode = '51', pin, keys, balanceFen = 1_000_000 } = this.#options;
    const name = nameOf(message);
    if (this.books.isBlocked(name)) return { 39: '22' };
    const before = this.books.find(name);
    if (before !== undefined) return { 38: before.authorisation, 39: '00' };
    if (behaviour === 'decline') return { 39: declineCode };
    if (!books(behaviour)) return { 39: '' };
    const pinBlock = message.bytes(52);
    if (pin !== undefined && pinBlock !== undefined) {
      const right = await keys.pinIs(pin, pinBlock, message.get(2) ?? '');
      if (!right) return { 39: '55' };
    }
    if (message.get(3)?.startsWith('31')) return { 39: '00', 54: balanceText(balanceFen) };
    const authorisation = String(++this.#approvals % 1_000_000).padStart(6, '0');
    if (isAdjustment(message)) {
      const original = field90Original.parse(message.get(90) ?? '');
      const replaced = this.books.find({ ...original, terminalId: name.terminalId });
      if (replaced === undefined) return { 39: '25' };
      replaced.state = 'replaced';
    }
    this.books.book(name, bookingOf(message, authorisation));
    return { 38: authorisation, 39: '00' };
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
    if (behaviour === 'late') this.#writeLate(socket, body);
    else if (behaviour === 'half-frame') this.#writeHalf(socket, body);
    else if (behaviour === 'out-of-order') this.#writePaired(socket, body);
    else this.#write(socket, body);
    if (behaviour === 'duplicate') this.#write(socket, body);
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

  #write(socket: Socket, body: Uint8Array): void {
    if (!socket.destroyed) socket.write(joinEnvelope(this.#framing, NO_BYTES, NO_BYTES, body));
  }

  #writeHalf(socket: Socket, body: Uint8Array): void {
    const frame = joinEnvelope(this.#framing, NO_BYTES, NO_BYTES, body);
    socket.write(frame.subarray(0, frame.length >> 1), () => socket.destroy());
  }

  #writeLate(socket: Socket, body: Uint8Array): void {
    const send = () => {
      if (this.#late.delete(send)) this.#write(socket, body);
    };
    this.#late.add(send);
    this.#after(this.#options.lateMs ?? 2_000, send);
  }

  /** The first of a pair waits for the second, and leaves after it. */
  #writePaired(socket: Socket, body: Uint8Array): void {
    const held = this.#waitingAnswer;
    if (held !== null) {
      this.#waitingAnswer = null;
      this.#write(socket, body);
      held();
      return;
    }
    const send = () => this.#write(socket, body);
    this.#waitingAnswer = send;
    this.#after(PAIR_WAIT_MS, () => {
      if (this.#waitingAnswer !== send) return;
      this.#waitingAnswer = null;
      send();
    });
  }

  #after(delayMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, delayMs);
    this.#timers.add(timer);
  }
}

const NO_BYTES = new Uint8Array(0);

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

function nameOf(message: Message): RequestName {
  return {
    messageType: message.mti,
    traceNumber: message.get(11) ?? '',
    transmitted: message.get(7) ?? '',
    terminalId: message.get(41) ?? '',
  };
}

/** An advice (not one of a completion, field 25 = 06) that stands in place of what field 90 names. */
function isAdjustment(message: Message): boolean {
  return (
    message.mti === '0220' && isIncoming(message) && message.get(25) === '00' && message.has(90)
  );
}

/** Field 3 begins so for what a card holder gets: voids and refunds, and cash that is paid in. */
const OUTGOING = ['20', '63'];

function isIncoming(message: Message): boolean {
  return !OUTGOING.some((code) => message.get(3)?.startsWith(code));
}

/** Money comes in or goes back; a 0100 only holds or lets go. */
function bookingOf(message: Message, authorisation: string): Booking {
  const amountFen = message.number(4) ?? 0;
  const back = !isIncoming(message);
  const owedFen = message.mti === '0100' ? 0 : back ? 0 - amountFen : amountFen;
  return {
    reference: message.get(37) ?? '',
    messageType: message.mti,
    cardNumber: message.get(2) ?? '',
    terminalId: message.get(41) ?? '',
    owedFen,
    amountFen,
    state: 'booked',
    authorisation,
  };
}

function balanceText(amountFen: number): string {
  return field54Amounts.format([
    { accountType: '10', amountType: '02', currency: '156', amountFen },
  ]);
}
