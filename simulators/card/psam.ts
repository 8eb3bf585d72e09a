/** The PSAM in a terminal: it proves the terminal to a chip (MAC1) and checks the chip's answer (MAC2). */
import { encodeResponse, parseCommand } from '../../protocols/pboc/apdu.ts';
import {
  buildPurseAnswer,
  purseCommandOf,
  readPurseCommand,
} from '../../protocols/pboc/commands.ts';
import { cardKeyOf, macOf, sessionKeyOf } from './card-crypto.ts';

export class Psam {
  /** 12 digits, in the PSAM's public file. */
  readonly terminal: string;
  readonly #master: Buffer;
  #serial: number;
  #mac2: Buffer | null = null;

  constructor(purchaseMaster: string, terminal: string, lastSerial = 0) {
    this.terminal = terminal;
    this.#master = Buffer.from(purchaseMaster, 'hex');
    this.#serial = lastSerial;
  }

  get lastSerial(): number {
    return this.#serial;
  }

  transmit(apdu: Uint8Array): Buffer {
    const command = parseCommand(apdu);
    const name = purseCommandOf(command);
    if (name === 'psamInitForPurchase') {
      const pieces = readPurseCommand(name, command);
      const part = (piece: string) => Buffer.from(pieces[piece]!, 'hex');
      this.#serial = (this.#serial + 1) >>> 0;
      const serial = Buffer.alloc(4);
      serial.writeUInt32BE(this.#serial);
      const cardKey = cardKeyOf(this.#master, part('cardSerial'));
      const input = Buffer.concat([part('rand'), part('offline_sn'), serial.subarray(2)]);
      const session = sessionKeyOf(cardKey, input);
      const terminal = Buffer.from(this.terminal, 'hex');
      const moment = [part('date'), part('time')];
      const mac1 = macOf(session, part('amount'), part('type'), terminal, ...moment);
      this.#mac2 = macOf(session, part('amount'));
      const answer = { terminal_sn: serial.toString('hex'), mac1: mac1.toString('hex') };
      return encodeResponse({ data: buildPurseAnswer(name, answer), status: '9000' });
    }
    if (name === 'psamCreditForPurchase' && this.#mac2 !== null) {
      const right = this.#mac2.equals(command.data);
      this.#mac2 = null;
      return encodeResponse({ data: new Uint8Array(0), status: right ? '9000' : '9302' });
    }
    return encodeResponse({ data: new Uint8Array(0), status: '6985' });
  }
}
