/** A card reader with a chip and a PSAM in it: what a terminal asks of them, step by step. */
import { parseResponse } from '../../protocols/pboc/apdu.ts';
import {
  buildPurseCommand,
  type Pieces,
  type PurseCommandName,
  readPurseAnswer,
} from '../../protocols/pboc/commands.ts';
import { purseAmount } from '../../protocols/pboc/elements.ts';
import type { PurseData, PurseRecord } from '../../protocols/pboc/purse-data.ts';
import type { CpuCard } from './cpu-card.ts';
import type { Psam } from './psam.ts';

/** A chip or PSAM said no; the status word says why. */
export class ChipRefusal extends Error {
  override readonly name = 'ChipRefusal';
  readonly status: string;

  constructor(command: string, status: string) {
    super(`${command} was answered with ${status}`);
    this.status = status;
  }
}

export class CardReader {
  readonly card: CpuCard;
  readonly psam: Psam;

  constructor(card: CpuCard, psam: Psam) {
    this.card = card;
    this.psam = psam;
  }

  /** INITIALIZE FOR LOAD or UNLOAD: what the host needs, with the card's MAC1. */
  beginOnline(kind: 'load' | 'unload', application: '01' | '02', amountFen: number): PurseData {
    const command = kind === 'load' ? 'initializeForLoad' : 'initializeForUnload';
    const pieces = { keyIndex: '01', amount: purseAmount(amountFen), terminal: this.psam.terminal };
    const answer = this.#ask(this.card, command, pieces, application);
    return {
      serial: this.card.state.serial,
      type: kind === 'unload' ? 3 : Number(application),
      keyVersion: numberOf(answer['keyVersion']),
      algorithm: numberOf(answer['algorithm']),
      random: bytesOf(answer['rand']),
      onlineSequence: numberOf(answer['online_sn']),
      balanceFen: numberOf(answer['balance']),
      terminal: this.psam.terminal,
      mac1: bytesOf(answer['mac1']),
    };
  }

  /** CREDIT FOR LOAD or DEBIT FOR UNLOAD with the host's answer: gives the card's proof. */
  endOnline(kind: 'load' | 'unload', host: PurseData): Uint8Array {
    const command = kind === 'load' ? 'creditForLoad' : 'debitForUnload';
    const mac2 = Buffer.from(host.mac2 ?? []).toString('hex');
    const pieces = { date: host.date ?? '', time: host.time ?? '', mac2 };
    const answer = this.#ask(this.card, command, pieces);
    return bytesOf(answer[kind === 'load' ? 'tac' : 'mac3']);
  }

  /** Pays offline; the host is told later. */
  pay(application: '01' | '02', amountFen: number, now: Date): PurseRecord {
    const { psam, card } = this;
    const amount = purseAmount(amountFen);
    const [date, time] = momentOf(now);
    const terminal = psam.terminal;
    const type = application === '01' ? '05' : '06';
    const begun = this.#ask(
      card,
      'initializeForPurchase',
      { keyIndex: '01', amount, terminal },
      application,
    );
    const proven = this.#ask(psam, 'psamInitForPurchase', {
      ...begun,
      amount,
      type,
      date,
      time,
      cardSerial: card.state.serial.slice(-16),
    });
    const paid = this.#ask(card, 'debitForPurchase', { ...proven, date, time });
    this.#ask(psam, 'psamCreditForPurchase', { mac2: paid['mac2'] ?? '' });
    return {
      serial: card.state.serial,
      type: Number(type),
      keyVersion: numberOf(begun['keyVersion']),
      offlineSequence: numberOf(begun['offline_sn']),
      balanceFen: numberOf(begun['balance']),
      terminal,
      terminalSequence: numberOf(proven['terminal_sn']),
      date,
      time,
      proof: bytesOf(paid['tac']),
      amountFen,
    };
  }

  #ask(
    device: CpuCard | Psam,
    command: PurseCommandName,
    pieces: Pieces,
    application: '01' | '02' = '02',
  ): Pieces {
    const response = parseResponse(
      device.transmit(buildPurseCommand(command, pieces, application)),
    );
    if (response.status !== '9000') throw new ChipRefusal(command, response.status);
    return readPurseAnswer(command, response);
  }
}

/** YYYYMMDD and hhmmss of the terminal's clock, in China. */
function momentOf(now: Date): [date: string, time: string] {
  const text = new Date(now.getTime() + 8 * 3_600_000).toISOString();
  return [text.slice(0, 10).replaceAll('-', ''), text.slice(11, 19).replaceAll(':', '')];
}

function numberOf(hex: string | undefined): number {
  return Number.parseInt(hex ?? '', 16);
}

function bytesOf(hex: string | undefined): Uint8Array {
  return Buffer.from(hex ?? '', 'hex');
}
