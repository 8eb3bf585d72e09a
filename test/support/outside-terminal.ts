/**
 * A terminal that somebody else wrote: its own encoder and its own cryptograms, from Node's crypto
 * alone. It shares no code with the product, so that a mistake of ours is not agreed with.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** Field number to wire bytes, with length prefix. */
type WireFields = Map<number, Buffer>;

export interface Answer {
  frame: Buffer;
  tpdu: string;
  messageType: string;
  fields: Map<number, string>;
  macIsRight: boolean | null;
}

const FIXED_BCD: Record<number, number> = {
  3: 6,
  4: 12,
  11: 6,
  12: 6,
  13: 4,
  14: 4,
  15: 4,
  25: 2,
  26: 2,
  53: 16,
};
const FIXED_TEXT: Record<number, number> = { 37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 49: 3 };

export class OutsideTerminal {
  tpdu = '6000060000';
  header = '603100311234';
  batch = '000001';
  trace = 0;
  mak: Buffer = Buffer.alloc(8);
  pik: Buffer = Buffer.alloc(16);
  readonly #frames: Buffer[] = [];
  readonly #waiting: ((frame: Buffer | null) => void)[] = [];
  #socket: Socket | undefined;
  #rest = Buffer.alloc(0);
  closed = false;

  readonly terminalId: string;
  readonly merchantId: string;
  readonly masterKey: string;

  constructor(
    terminalId: string,
    merchantId: string,
    masterKey = '0123456789ABCDEFFEDCBA9876543210',
  ) {
    this.terminalId = terminalId;
    this.merchantId = merchantId;
    this.masterKey = masterKey;
  }

  /** From this address of our own machine. */
  connect(port: number, localAddress = '127.0.0.1'): Promise<void> {
    this.closed = false;
    this.#rest = Buffer.alloc(0);
    this.#frames.length = 0;
    for (const wake of this.#waiting.splice(0)) wake(null);
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress }, resolve);
      this.#socket = socket;
      socket.setNoDelay(true);
      socket.on('error', reject);
      socket.on('close', () => {
        if (this.#socket !== socket) return;
        this.closed = true;
        for (const wake of this.#waiting.splice(0)) wake(null);
      });
      socket.on('data', (chunk) => {
        if (this.#socket === socket) this.#receive(chunk);
      });
    });
  }

  disconnect(): void {
    this.#socket?.destroy();
  }

  write(bytes: Uint8Array): void {
    this.#socket?.write(bytes);
  }

  /** Says its last words and closes its half of the connection. */
  end(bytes: Uint8Array): void {
    this.#socket?.end(bytes);
  }

  /** The next answer; null when the connection closes first. */
  next(): Promise<Answer | null> {
    const frame = this.#frames.shift();
    if (frame !== undefined) return Promise.resolve(this.read(frame));
    if (this.closed) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting.push((arrived) => resolve(arrived === null ? null : this.read(arrived)));
    });
  }

  /** The frame leaves, then the line breaks. */
  sendAndCut(frame: Uint8Array): Promise<void> {
    return new Promise((done) => {
      this.#socket?.write(frame, () => {
        this.disconnect();
        done();
      });
    });
  }

  async ask(frame: Uint8Array): Promise<Answer | null> {
    this.write(frame);
    return this.next();
  }

  nextTrace(): string {
    this.trace++;
    return String(this.trace).padStart(6, '0');
  }

  signInFrame(networkCode = '003'): Buffer {
    return this.frame('0800', {
      11: this.nextTrace(),
      60: `00${this.batch}${networkCode}`,
      62: Buffer.from('Sequence No12310000SN00000001'),
      63: Buffer.from('01 '),
    });
  }

  /** Signs in and takes the keys; gives the answer. */
  async signIn(): Promise<Answer> {
    const answer = (await this.ask(this.signInFrame()))!;
    const keys = answer.fields.get(62);
    if (keys !== undefined) {
      const bytes = Buffer.from(keys, 'hex');
      this.pik = this.#unwrap(bytes.subarray(0, 16));
      this.mak = this.#unwrap(bytes.subarray(20, 28));
      const checks = [checkValue(this.pik), checkValue(this.mak)];
      const sent = [bytes.subarray(16, 20), bytes.subarray(36, 40)].map((b) => b.toString('hex'));
      if (checks.join() !== sent.join()) throw new Error('a check value of the sign-in is wrong');
      this.batch = answer.fields.get(60)!.slice(2, 8);
    }
    return answer;
  }

  purchaseFields(pan: string, amountFen: number, pin?: string): Record<number, string | Buffer> {
    const base = {
      2: pan,
      3: '000000',
      4: amount(amountFen),
      11: this.nextTrace(),
      22: pin === undefined ? '022' : '021',
      25: '00',
      35: `${pan}D30122010000000000`,
      49: '156',
      60: `22${this.batch}00050`,
    };
    if (pin === undefined) return base;
    return { ...base, 26: '12', 52: this.pinBlock(pin, pan), 53: '2600000000000000' };
  }

  pinBlock(pin: string, pan: string): Buffer {
    const block = Buffer.from(`0${pin.length}${pin}`.padEnd(16, 'F'), 'hex');
    const account = Buffer.from(`0000${pan.slice(-13, -1)}`, 'hex');
    for (let i = 0; i < 8; i++) block[i]! ^= account[i]!;
    return tripleDes(this.pik, block);
  }

  /** A whole frame; with a MAC when the fields have a place for it (64). */
  frame(
    messageType: string,
    fields: Record<number, string | Buffer>,
    mac: 'right' | 'wrong' | 'none' = 'none',
  ): Buffer {
    const wire: WireFields = new Map();
    const all = { ...fields, 41: this.terminalId, 42: this.merchantId };
    for (const [number, value] of Object.entries(all))
      wire.set(Number(number), wireOf(Number(number), value));
    if (mac !== 'none') wire.set(64, Buffer.alloc(8));
    const bitmap = Buffer.alloc(8);
    const parts: Buffer[] = [];
    for (const number of [...wire.keys()].sort((a, b) => a - b)) {
      bitmap[(number - 1) >> 3]! |= 0x80 >> ((number - 1) & 7);
      parts.push(wire.get(number)!);
    }
    const body = Buffer.concat([Buffer.from(messageType, 'hex'), bitmap, ...parts]);
    if (mac !== 'none') {
      const value = macOf(this.mak, body.subarray(0, -8));
      if (mac === 'wrong') value[7]! = value[7] === 0x30 ? 0x31 : 0x30;
      value.copy(body, body.length - 8);
    }
    const message = Buffer.concat([Buffer.from(this.tpdu + this.header, 'hex'), body]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(message.length);
    return Buffer.concat([length, message]);
  }

  purchase(pan: string, amountFen: number, pin?: string): Buffer {
    return this.frame('0200', this.purchaseFields(pan, amountFen, pin), 'right');
  }

  /** A reversal of the fields of a request. */
  reversal(fields: Record<number, string | Buffer>, reason = '98'): Buffer {
    const { 26: _a, 35: _b, 37: _c, 52: _d, 53: _e, ...kept } = fields;
    return this.frame('0400', { ...kept, 39: reason }, 'right');
  }

  /** Reads an answer that the dialect's tables describe, without the product's decoder. */
  read(frame: Buffer): Answer {
    const body = frame.subarray(11);
    const fields = new Map<number, string>();
    const bitmap = body.subarray(2, 10);
    let at = 10;
    for (let number = 2; number <= 64; number++) {
      if ((bitmap[(number - 1) >> 3]! & (0x80 >> ((number - 1) & 7))) === 0) continue;
      const [value, used] = readField(number, body.subarray(at));
      fields.set(number, value);
      at += used;
    }
    if (at !== body.length) throw new Error(`answer has ${body.length - at} bytes too many`);
    const mac = fields.get(64);
    const right =
      mac === undefined
        ? null
        : macOf(this.mak, body.subarray(0, -8)).equals(Buffer.from(mac, 'hex'));
    return {
      frame,
      tpdu: frame.subarray(0, 5).toString('hex'),
      messageType: body.subarray(0, 2).toString('hex'),
      fields,
      macIsRight: right,
    };
  }

  #receive(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 2) {
      const length = this.#rest.readUInt16BE(0);
      if (this.#rest.length < 2 + length) return;
      const frame = this.#rest.subarray(2, 2 + length);
      this.#rest = this.#rest.subarray(2 + length);
      const wake = this.#waiting.shift();
      if (wake !== undefined) wake(frame);
      else this.#frames.push(frame);
    }
  }

  #unwrap(bytes: Buffer): Buffer {
    const key = Buffer.from(this.masterKey, 'hex');
    const cipher = createDecipheriv('des-ede3-ecb', Buffer.concat([key, key.subarray(0, 8)]), null);
    cipher.setAutoPadding(false);
    return Buffer.concat([cipher.update(bytes), cipher.final()]);
  }
}

export function amount(fen: number): string {
  return String(fen).padStart(12, '0');
}

function wireOf(number: number, value: string | Buffer): Buffer {
  if (Buffer.isBuffer(value)) {
    if (number === 52) return value;
    return Buffer.concat([Buffer.from(String(value.length).padStart(4, '0'), 'hex'), value]);
  }
  if (FIXED_BCD[number] !== undefined) return Buffer.from(value, 'hex');
  if (FIXED_TEXT[number] !== undefined) return Buffer.from(value, 'latin1');
  if (number === 22) return Buffer.from(`${value}0`, 'hex');
  const packed = Buffer.from(value.length % 2 === 0 ? value : `${value}0`, 'hex');
  const width = number === 2 || number === 35 ? 2 : 4;
  return Buffer.concat([Buffer.from(String(value.length).padStart(width, '0'), 'hex'), packed]);
}

function readField(number: number, bytes: Buffer): [string, number] {
  const bcd = FIXED_BCD[number];
  if (bcd !== undefined) return [bytes.toString('hex', 0, bcd / 2), bcd / 2];
  const text = FIXED_TEXT[number];
  if (text !== undefined) return [bytes.toString('latin1', 0, text), text];
  if (number === 64) return [bytes.toString('hex', 0, 8), 8];
  if (number === 2 || number === 32) {
    const digits = Number(bytes.toString('hex', 0, 1));
    const used = 1 + Math.ceil(digits / 2);
    return [bytes.toString('hex', 1, used).slice(0, digits), used];
  }
  if (number === 44) {
    const length = Number(bytes.toString('hex', 0, 1));
    return [bytes.toString('latin1', 1, 1 + length), 1 + length];
  }
  const length = Number(bytes.toString('hex', 0, 2));
  if (number === 48 || number === 60) {
    const used = 2 + Math.ceil(length / 2);
    return [bytes.toString('hex', 2, used).slice(0, length), used];
  }
  if (number === 54) return [bytes.toString('latin1', 2, 2 + length), 2 + length];
  if (number === 59) return [bytes.toString('latin1', 2, 2 + length), 2 + length];
  if (number === 55 || number === 62 || number === 63)
    return [bytes.toString('hex', 2, 2 + length), 2 + length];
  throw new Error(`an answer must not carry field ${number}`);
}

function des(key: Buffer, block: Buffer): Buffer {
  return tripleDes(Buffer.concat([key, key]), block);
}

function tripleDes(key: Buffer, block: Buffer): Buffer {
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key.subarray(0, 8)]), null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

function checkValue(key: Buffer): string {
  const full = key.length === 8 ? Buffer.concat([key, key]) : key;
  return tripleDes(full, Buffer.alloc(8)).toString('hex', 0, 4);
}

/** The UnionPay ECB algorithm with a single-length key. */
function macOf(key: Buffer, input: Buffer): Buffer {
  const folded = Buffer.alloc(8);
  for (let i = 0; i < input.length; i++) folded[i & 7]! ^= input[i]!;
  const text = Buffer.from(folded.toString('hex').toUpperCase(), 'latin1');
  const first = des(key, text.subarray(0, 8));
  for (let i = 0; i < 8; i++) first[i]! ^= text[8 + i]!;
  return Buffer.from(des(key, first).toString('hex').toUpperCase().slice(0, 8), 'latin1');
}
