import { ProtocolError } from '../error.ts';
import type { Label } from '../iso8583/dialect.ts';
import { type CommandApdu, encodeCommand, type ResponseApdu } from './apdu.ts';

/** One piece of a command's or answer's data, in bytes. */
type Piece = readonly [name: string, bytes: number];

/** An e-purse command: header, data and answer, as the specification's tables have them. */
export interface PurseCommand {
  readonly name: Label;
  /** CLA INS P1 P2 in hex; `xx` for P2 stands for the application (01 passbook, 02 purse). */
  readonly header: string;
  readonly data: readonly Piece[];
  readonly answer: readonly Piece[];
}

const KEY_AMOUNT_TERMINAL: readonly Piece[] = [
  ['keyIndex', 1],
  ['amount', 4],
  ['terminal', 6],
];
const ONLINE_ANSWER: readonly Piece[] = [
  ['balance', 4],
  ['online_sn', 2],
  ['keyVersion', 1],
  ['algorithm', 1],
  ['rand', 4],
  ['mac1', 4],
];
const OFFLINE_ANSWER: readonly Piece[] = [
  ['balance', 4],
  ['offline_sn', 2],
  ['overdraft', 3],
  ['keyVersion', 1],
  ['algorithm', 1],
  ['rand', 4],
];
const HOST_TIME_MAC2: readonly Piece[] = [
  ['date', 4],
  ['time', 3],
  ['mac2', 4],
];
const TERMINAL_SERIAL_MAC1: readonly Piece[] = [
  ['terminal_sn', 4],
  ['date', 4],
  ['time', 3],
  ['mac1', 4],
];
const TAC_MAC2: readonly Piece[] = [
  ['tac', 4],
  ['mac2', 4],
];

/** Commands of PBOC parts 1 and 2 for card and PSAM (notes B, sections 5 to 11). */
export const PURSE_COMMANDS = {
  initializeForLoad: {
    name: { zh: '圈存初始化', en: 'INITIALIZE FOR LOAD' },
    header: '805000xx',
    data: KEY_AMOUNT_TERMINAL,
    answer: ONLINE_ANSWER,
  },
  creditForLoad: {
    name: { zh: '圈存', en: 'CREDIT FOR LOAD' },
    header: '80520000',
    data: HOST_TIME_MAC2,
    answer: [['tac', 4]],
  },
  initializeForUnload: {
    name: { zh: '圈提初始化', en: 'INITIALIZE FOR UNLOAD' },
    header: '80500501',
    data: KEY_AMOUNT_TERMINAL,
    answer: ONLINE_ANSWER,
  },
  debitForUnload: {
    name: { zh: '圈提', en: 'DEBIT FOR UNLOAD' },
    header: '80540300',
    data: HOST_TIME_MAC2,
    answer: [['mac3', 4]],
  },
  initializeForPurchase: {
    name: { zh: '消费初始化', en: 'INITIALIZE FOR PURCHASE' },
    header: '805001xx',
    data: KEY_AMOUNT_TERMINAL,
    answer: OFFLINE_ANSWER,
  },
  initializeForCashWithdrawal: {
    name: { zh: '取现初始化', en: 'INITIALIZE FOR CASH WITHDRAW' },
    header: '80500201',
    data: KEY_AMOUNT_TERMINAL,
    answer: OFFLINE_ANSWER,
  },
  initializeForComposite: {
    name: { zh: '复合消费初始化', en: 'INITIALIZE FOR CAPP PURCHASE' },
    header: '80500302',
    data: KEY_AMOUNT_TERMINAL,
    answer: OFFLINE_ANSWER,
  },
  debitForPurchase: {
    name: { zh: '消费', en: 'DEBIT FOR PURCHASE' },
    header: '80540100',
    data: TERMINAL_SERIAL_MAC1,
    answer: TAC_MAC2,
  },
  initializeForUpdate: {
    name: { zh: '修改透支限额初始化', en: 'INITIALIZE FOR UPDATE' },
    header: '80500401',
    data: [
      ['keyIndex', 1],
      ['terminal', 6],
    ],
    answer: [
      ['balance', 4],
      ['online_sn', 2],
      ['old_limit', 3],
      ['keyVersion', 1],
      ['algorithm', 1],
      ['rand', 4],
      ['mac1', 4],
    ],
  },
  updateOverdraftLimit: {
    name: { zh: '修改透支限额', en: 'UPDATE OVERDRAW LIMIT' },
    header: '80580000',
    data: [
      ['new_limit', 3],
      ['date', 4],
      ['time', 3],
      ['mac2', 4],
    ],
    answer: [['tac', 4]],
  },
  psamInitForPurchase: {
    name: { zh: 'PSAM计算MAC1', en: 'INIT SAM FOR PURCHASE' },
    header: '80700000',
    data: [
      ['rand', 4],
      ['offline_sn', 2],
      ['amount', 4],
      ['type', 1],
      ['date', 4],
      ['time', 3],
      ['keyVersion', 1],
      ['algorithm', 1],
      ['cardSerial', 8],
    ],
    answer: [
      ['terminal_sn', 4],
      ['mac1', 4],
    ],
  },
  psamCreditForPurchase: {
    name: { zh: 'PSAM校验MAC2', en: 'CREDIT SAM FOR PURCHASE' },
    header: '80720000',
    data: [['mac2', 4]],
    answer: [],
  },
} as const satisfies Record<string, PurseCommand>;

export type PurseCommandName = keyof typeof PURSE_COMMANDS;

/** Values of pieces as upper-case hex. */
export type Pieces = Readonly<Record<string, string>>;

/** Builds a command. `application` is P2 where the command leaves it open: 01 passbook, 02 purse. */
export function buildPurseCommand(
  name: PurseCommandName,
  pieces: Pieces,
  application: '01' | '02' = '02',
): Buffer {
  const command: PurseCommand = PURSE_COMMANDS[name];
  const header = Buffer.from(command.header.replace('xx', application), 'hex');
  const length = bytesOf(command.answer);
  return encodeCommand({
    cla: header[0]!,
    ins: header[1]!,
    p1: header[2]!,
    p2: header[3]!,
    data: joinPieces(command.data, pieces),
    le: length === 0 ? null : length,
  });
}

/** Reads the data of a command. Throws ProtocolError `bad-apdu`. */
export function readPurseCommand(name: PurseCommandName, command: CommandApdu): Pieces {
  return cutPieces(PURSE_COMMANDS[name].data, command.data);
}

/** Reads the data of an answer whose status is 9000. Throws ProtocolError `bad-apdu`. */
export function readPurseAnswer(name: PurseCommandName, answer: ResponseApdu): Pieces {
  return cutPieces(PURSE_COMMANDS[name].answer, answer.data);
}

/** Builds the data of an answer, for card simulators. */
export function buildPurseAnswer(name: PurseCommandName, pieces: Pieces): Buffer {
  return joinPieces(PURSE_COMMANDS[name].answer, pieces);
}

/** The command that a header belongs to; undefined for commands that are not the purse's. */
export function purseCommandOf(command: CommandApdu): PurseCommandName | undefined {
  const header = Buffer.of(command.cla, command.ins, command.p1, command.p2).toString('hex');
  const names = Object.keys(PURSE_COMMANDS) as PurseCommandName[];
  return names.find((name) => {
    const expected = PURSE_COMMANDS[name].header.toLowerCase();
    return expected.endsWith('xx') ? header.startsWith(expected.slice(0, 6)) : header === expected;
  });
}

/** A line of the card's transaction log (交易明细), 23 bytes. */
export const PURSE_LOG: readonly Piece[] = [
  ['sequence', 2],
  ['overdraft', 3],
  ['amount', 4],
  ['type', 1],
  ['terminal', 6],
  ['date', 4],
  ['time', 3],
];

/** Cuts data into its named pieces. Throws ProtocolError `bad-apdu` when the lengths differ. */
export function cutPieces(layout: readonly Piece[], data: Uint8Array): Pieces {
  const needed = bytesOf(layout);
  if (data.length !== needed) {
    throw new ProtocolError('bad-apdu', `the data has ${data.length} bytes, not ${needed}`, {
      needed,
      had: data.length,
    });
  }
  let position = 0;
  return Object.fromEntries(
    layout.map(([name, bytes]) => {
      position += bytes;
      const piece = Buffer.from(data.subarray(position - bytes, position));
      return [name, piece.toString('hex').toUpperCase()];
    }),
  );
}

function joinPieces(layout: readonly Piece[], pieces: Pieces): Buffer {
  return Buffer.concat(
    layout.map(([name, bytes]) => {
      const hex = pieces[name] ?? '';
      if (!/^[0-9A-Fa-f]*$/.test(hex) || hex.length !== bytes * 2) {
        throw new ProtocolError('bad-apdu', `${name} must be ${bytes} bytes of hex`);
      }
      return Buffer.from(hex, 'hex');
    }),
  );
}

function bytesOf(layout: readonly Piece[]): number {
  return layout.reduce((sum, [, bytes]) => sum + bytes, 0);
}
