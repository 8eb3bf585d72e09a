/** A desk with a chip in its reader. Chip and PSAM have their own cryptography (simulators/card). */
import {
  formatPurseData,
  type PurseData,
  type PurseRecord,
  parsePurseData,
} from '../../protocols/pboc/purse-data.ts';
import { CpuCard } from '../../simulators/card/cpu-card.ts';
import { Psam } from '../../simulators/card/psam.ts';
import { CardReader } from '../../simulators/card/reader.ts';
import { SAMPLE_ISSUER } from '../../simulators/card/sample-keys.ts';
import type { Desk } from './desk.ts';

export const PIN = '123456';

export class ChipDesk {
  readonly desk: Desk;
  readonly chip: CpuCard;
  readonly reader: CardReader;
  readonly pan: string;

  constructor(desk: Desk, pan: string) {
    this.desk = desk;
    this.pan = pan;
    this.chip = CpuCard.issue(SAMPLE_ISSUER, pan);
    const psam = new Psam(SAMPLE_ISSUER.purchase, `0000${desk.terminalId}`);
    this.reader = new CardReader(this.chip, psam);
  }

  balance(application: '01' | '02' = '02'): number {
    return this.chip.state.applications[application].balanceFen;
  }

  /** The host's part of a load: gives field 39 and keeps what the chip asked. */
  asked!: PurseData;
  async ask(fen: number, change: PurseData = {}, kind = 'load', application: '01' | '02' = '02') {
    const online = kind === 'unload' ? 'unload' : 'load';
    this.asked = { ...this.reader.beginOnline(online, application, fen), ...change };
    const extra = { 55: formatPurseData(this.asked) };
    const pin = kind === 'load-from-cash' ? {} : { pin: PIN };
    return this.desk.act(kind, { pan: this.pan, fen, ...pin, extra, as: 'load' });
  }

  /** The chip's part, then the proof to the host. */
  async prove(change: PurseData = {}, kind: 'load' | 'unload' = 'load'): Promise<string> {
    const host = parsePurseData(
      Buffer.from(this.desk.done.get('load')!.answer.fields.get(55)!, 'hex'),
    );
    const proof = this.reader.endOnline(kind, host);
    const { serial, type, random, onlineSequence } = this.asked;
    const data = { serial, type, random, onlineSequence, proof, ...change };
    const extra = { 55: formatPurseData(data) };
    return this.desk.act(`${kind}-proof`, { of: 'load', extra, as: 'proof' });
  }

  upload(record: PurseRecord, as = 'up'): Promise<string> {
    const { amountFen, ...data } = record;
    const extra = { 55: formatPurseData(data) };
    return this.desk.act('purse-payment', { pan: this.pan, fen: amountFen, extra, as });
  }
}
