/** A counter that loads and unloads chips: terminal, card reader and host in one transaction. */
import { formatPurseData, parsePurseData } from '../../protocols/pboc/purse-data.ts';
import type { CardReader } from '../card/reader.ts';
import type { Exchanged, SimulatedCard } from './exchange.ts';
import type { PosTerminal } from './pos-terminal.ts';

export type LoadName = 'load' | 'load-from-cash' | 'load-from-card' | 'unload';

export interface PurseWork {
  name: LoadName;
  application: '01' | '02';
  /** Whose account pays or receives. */
  card: SimulatedCard;
  amountFen: number;
  /** The chip's card, when it is not the one that pays. */
  chipNumber?: string;
}

/**
 * MAC1 of the chip, MAC2 of the host, the chip's proof, and the host's word that it has it. Gives the
 * last answer; the slip is that of the load. Throws ChipRefusal when the chip does not believe the host.
 */
export async function workPurse(
  terminal: PosTerminal,
  reader: CardReader,
  work: PurseWork,
): Promise<Exchanged> {
  const kind = work.name === 'unload' ? 'unload' : 'load';
  const { name, card, amountFen, application, chipNumber } = work;
  const asked = reader.beginOnline(kind, application, amountFen);
  const receiver = chipNumber === undefined ? {} : { 62: Buffer.from(chipNumber) };
  const fields = { 55: formatPurseData(asked), ...receiver };
  const done = await terminal.transact(name, { card, amountFen, fields });
  const answered = done.answer?.bytes(55);
  if (done.slip === null || answered === undefined) return done;
  const proof = reader.endOnline(kind, parsePurseData(answered));
  const { serial, type, random, onlineSequence } = asked;
  const told = await terminal.transact(kind === 'load' ? 'load-proof' : 'unload-proof', {
    card,
    original: done.slip,
    fields: { 55: formatPurseData({ serial, type, random, onlineSequence, proof }) },
  });
  return { ...told, slip: done.slip };
}
