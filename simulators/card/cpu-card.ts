/**
 * A CPU card with e-deposit (电子存折) and e-purse (电子钱包): APDUs in, APDUs out, as PBOC parts 1 and 2
 * describe them. Balances and sequence numbers change only when the other side has proven itself.
 */
import { encodeResponse, parseCommand } from '../../protocols/pboc/apdu.ts';
import {
  buildPurseAnswer,
  type Pieces,
  type PurseCommandName,
  purseCommandOf,
  readPurseCommand,
} from '../../protocols/pboc/commands.ts';
import { cardKeyOf, macOf, randomOf, sessionKeyOf, tacKeyOf } from './card-crypto.ts';

/** Masters of the issuer, from which the card's own keys are made when it is personalised. */
export interface IssuerMasters {
  purchase: string;
  load: string;
  unload: string;
  tac: string;
}

/** What one application holds. */
export interface ApplicationState {
  balanceFen: number;
  onlineSequence: number;
  offlineSequence: number;
}

export interface CardState {
  /** Application serial number, 20 digits. */
  serial: string;
  /** By P2 of the commands: 01 e-deposit, 02 e-purse. */
  applications: Record<'01' | '02', ApplicationState>;
}

/** What INITIALIZE began and the next command has to end. */
interface Begun {
  command: PurseCommandName;
  application: '01' | '02';
  type: number;
  amount: Buffer;
  terminal: Buffer;
  random: Buffer;
}

const OK = '9000';
const CONDITIONS_NOT_SATISFIED = '6985';
const MAC_WRONG = '9302';
const TOO_LITTLE = '9401';
const UNKNOWN_COMMAND = '6D00';

export class CpuCard {
  readonly state: CardState;
  readonly #keys: { purchase: Buffer; load: Buffer; unload: Buffer; tac: Buffer };
  #begun: Begun | null = null;

  constructor(masters: IssuerMasters, state: CardState) {
    this.state = state;
    const factor = Buffer.from(state.serial.slice(-16), 'hex');
    const key = (master: string) => cardKeyOf(Buffer.from(master, 'hex'), factor);
    this.#keys = {
      purchase: key(masters.purchase),
      load: key(masters.load),
      unload: key(masters.unload),
      tac: tacKeyOf(key(masters.tac)),
    };
  }

  /** A card as it leaves the issuer: empty. */
  static issue(masters: IssuerMasters, cardNumber: string): CpuCard {
    const empty = () => ({ balanceFen: 0, onlineSequence: 0, offlineSequence: 0 });
    const serial = cardNumber.padStart(20, '0');
    return new CpuCard(masters, { serial, applications: { '01': empty(), '02': empty() } });
  }

  transmit(apdu: Uint8Array): Buffer {
    const command = parseCommand(apdu);
    const name = purseCommandOf(command);
    if (name === undefined) return answer(UNKNOWN_COMMAND);
    const application = command.p2 === 2 ? '02' : '01';
    const pieces = readPurseCommand(name, command);
    switch (name) {
      case 'initializeForLoad':
        return this.#begin(name, application, application === '01' ? 1 : 2, pieces);
      case 'initializeForUnload':
        return this.#begin(name, '01', 3, pieces);
      case 'initializeForPurchase':
        return this.#begin(name, application, application === '01' ? 5 : 6, pieces);
      case 'creditForLoad':
        return this.#endOnline('initializeForLoad', name, pieces);
      case 'debitForUnload':
        return this.#endOnline('initializeForUnload', name, pieces);
      case 'debitForPurchase':
        return this.#pay(pieces);
      default:
        return answer(UNKNOWN_COMMAND);
    }
  }

  #begin(
    command: PurseCommandName,
    application: '01' | '02',
    type: number,
    pieces: Pieces,
  ): Buffer {
    const purse = this.state.applications[application];
    const amount = Buffer.from(pieces['amount']!, 'hex');
    const terminal = Buffer.from(pieces['terminal']!, 'hex');
    const spends = command !== 'initializeForLoad';
    if (spends && amount.readUInt32BE() > purse.balanceFen) return answer(TOO_LITTLE);
    this.#begun = { command, application, type, amount, terminal, random: randomOf(4) };
    const common = {
      balance: hex(number(purse.balanceFen, 4)),
      keyVersion: '01',
      algorithm: '00',
      rand: hex(this.#begun.random),
    };
    if (command === 'initializeForPurchase') {
      const offline = hex(number(purse.offlineSequence, 2));
      return answer(OK, command, { ...common, offline_sn: offline, overdraft: '000000' });
    }
    const sequence = number(purse.onlineSequence, 2);
    const mac1 = macOf(
      this.#onlineSession(this.#begun, sequence),
      number(purse.balanceFen, 4),
      amount,
      Buffer.of(type),
      terminal,
    );
    return answer(OK, command, { ...common, online_sn: hex(sequence), mac1: hex(mac1) });
  }

  /** CREDIT FOR LOAD and DEBIT FOR UNLOAD: the host's MAC2, then the money, then the card's proof. */
  #endOnline(began: PurseCommandName, command: PurseCommandName, pieces: Pieces): Buffer {
    const begun = this.#begun;
    this.#begun = null;
    if (begun?.command !== began) return answer(CONDITIONS_NOT_SATISFIED);
    const purse = this.state.applications[begun.application];
    const sequence = number(purse.onlineSequence, 2);
    const session = this.#onlineSession(begun, sequence);
    const { amount, terminal } = begun;
    const moment = Buffer.from(pieces['date']! + pieces['time']!, 'hex');
    const tail = [amount, Buffer.of(begun.type), terminal, moment];
    if (hex(macOf(session, ...tail)) !== pieces['mac2']) return answer(MAC_WRONG);
    const moved = amount.readUInt32BE() * (command === 'creditForLoad' ? 1 : -1);
    purse.balanceFen += moved;
    purse.onlineSequence = (purse.onlineSequence + 1) & 0xffff;
    const proofKey = command === 'creditForLoad' ? this.#keys.tac : session;
    const proof = hex(macOf(proofKey, number(purse.balanceFen, 4), sequence, ...tail));
    return answer(OK, command, command === 'creditForLoad' ? { tac: proof } : { mac3: proof });
  }

  /** DEBIT FOR PURCHASE: the PSAM's MAC1, then the money, then TAC and MAC2. */
  #pay(pieces: Pieces): Buffer {
    const begun = this.#begun;
    this.#begun = null;
    if (begun?.command !== 'initializeForPurchase') return answer(CONDITIONS_NOT_SATISFIED);
    const purse = this.state.applications[begun.application];
    const { amount, terminal, random } = begun;
    const serial = Buffer.from(pieces['terminal_sn']!, 'hex');
    const offline = number(purse.offlineSequence, 2);
    const input = Buffer.concat([random, offline, serial.subarray(2)]);
    const session = sessionKeyOf(this.#keys.purchase, input);
    const moment = Buffer.from(pieces['date']! + pieces['time']!, 'hex');
    const type = Buffer.of(begun.type);
    const right = macOf(session, amount, type, terminal, moment);
    if (hex(right) !== pieces['mac1']) return answer(MAC_WRONG);
    purse.balanceFen -= amount.readUInt32BE();
    purse.offlineSequence = (purse.offlineSequence + 1) & 0xffff;
    const tac = macOf(this.#keys.tac, amount, type, terminal, serial, moment);
    const mac2 = macOf(session, amount);
    return answer(OK, 'debitForPurchase', { tac: hex(tac), mac2: hex(mac2) });
  }

  #onlineSession({ command, random }: Begun, sequence: Buffer): Buffer {
    const key = command === 'initializeForUnload' ? this.#keys.unload : this.#keys.load;
    return sessionKeyOf(key, Buffer.concat([random, sequence, Buffer.of(0x80, 0)]));
  }
}

function answer(status: string, name?: PurseCommandName, pieces: Pieces = {}): Buffer {
  const data = name === undefined ? new Uint8Array(0) : buildPurseAnswer(name, pieces);
  return encodeResponse({ data, status });
}

function number(value: number, bytes: number): Buffer {
  const target = Buffer.alloc(bytes);
  target.writeUIntBE(value, 0, bytes);
  return target;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase();
}
