/**
 * The verbs of the scenario language as messages of the dialect: written anew from its table, not taken
 * from the product.
 */
import {
  formatPurseData,
  formatPurseRecord,
  type PurseData,
} from '../../protocols/pboc/purse-data.ts';
import { CARD } from '../support/cards.ts';
import type { Fields } from '../support/desk.ts';
import type { Player } from './player.ts';
import type { Step } from './script.ts';

export const PIN = '123456';

export interface Verb {
  /** Message type, field 3, field 25, field 60.1; an empty text leaves the field out. */
  message: readonly [type: string, processing: string, condition: string, kind: string];
  /** Left out: the message carries no amount. */
  fen?: number;
  /** Verbs whose last approved slip it names. */
  of?: readonly string[];
  /** The side of the batch's totals that it counts on. */
  side?: 'debit' | 'credit';
  /** What it counts when that is not its amount. */
  countsFen?: number;
  /** It needs a PIN. */
  pin?: true;
  /** It carries no card number. */
  cardless?: true;
  network?: string;
  /** More fields, or others. */
  fields?: (player: Player, step: Step) => Fields | Promise<Fields>;
}

const PAYMENTS = ['buy', 'offline', 'adjust', 'tip', 'scan'];
const HELD = ['hold'];
const SCANNED = ['scan', 'order'];

// biome-ignore format: a table, one verb a line.
export const VERBS: Readonly<Record<string, Verb>> = {
  buy:        { message: ['0200', '000000', '00', '22'], fen: 1_000, side: 'debit', fields: track },
  void:       { message: ['0200', '200000', '00', '23'], fen: 1_000, of: PAYMENTS, side: 'credit' },
  refund:     { message: ['0220', '200000', '00', '25'], fen: 400, of: [...PAYMENTS, 'complete', 'notice', 'charge'], side: 'credit' },
  balance:    { message: ['0200', '310000', '00', '01'] },
  hold:       { message: ['0100', '030000', '06', '10'], fen: 1_000, fields: track },
  cancel:     { message: ['0100', '200000', '06', '11'], fen: 1_000, of: HELD },
  complete:   { message: ['0200', '000000', '06', '20'], fen: 900, of: HELD, side: 'debit' },
  notice:     { message: ['0220', '000000', '06', '24'], fen: 900, of: HELD, side: 'debit' },
  uncomplete: { message: ['0200', '200000', '06', '21'], fen: 900, of: ['complete', 'notice'], side: 'credit' },
  deposit:    { message: ['0100', '030000', '06', '12'], fen: 5_000 },
  charge:     { message: ['0200', '000000', '06', '28'], fen: 1_000, of: ['deposit'], side: 'debit' },
  uncharge:   { message: ['0200', '200000', '06', '29'], fen: 1_000, of: ['charge'], side: 'credit' },
  release:    { message: ['0100', '200000', '06', '13'], fen: 5_000, of: ['deposit'] },
  inquire:    { message: ['0100', '310000', '06', '14'], of: ['deposit'] },
  offline:    { message: ['0220', '000000', '00', '30'], fen: 1_000, side: 'debit', fields: () => ({ 38: '123456' }) },
  adjust:     { message: ['0220', '000000', '00', '32'], fen: 900, of: ['buy', 'offline'], side: 'debit' },
  tip:        { message: ['0220', '000000', '00', '34'], fen: 1_100, of: ['buy'], side: 'debit' },
  cash:       { message: ['0200', '630000', '66', '48'], fen: 2_000, side: 'credit' },
  uncash:     { message: ['0200', '170000', '91', '51'], fen: 2_000, of: ['cash'], side: 'debit' },
  transfer:   { message: ['0200', '400000', '66', '49'], fen: 700, pin: true, fields: receiver },
  scan:       { message: ['0200', '000000', '00', '22'], fen: 800, side: 'debit', cardless: true, fields: walletCode },
  order:      { message: ['0200', '700000', '00', '60'], fen: 600, cardless: true },
  query:      { message: ['0200', '710000', '00', '60'], of: SCANNED, cardless: true },
  scanrefund: { message: ['0200', '720000', '00', '60'], fen: 300, of: SCANNED, side: 'credit', cardless: true },
  scanvoid:   { message: ['0200', '730000', '00', '60'], fen: 800, of: SCANNED, side: 'credit', cardless: true },
  load:       { message: ['0200', '600000', '91', '45'], fen: 2_000, side: 'credit', pin: true, fields: load('load', '02') },
  cashload:   { message: ['0200', '630000', '91', '46'], fen: 2_000, side: 'credit', fields: load('load', '02') },
  fill:       { message: ['0200', '600000', '91', '45'], fen: 3_000, side: 'credit', pin: true, fields: load('load', '01') },
  unload:     { message: ['0200', '610000', '91', '52'], fen: 1_200, side: 'credit', pin: true, fields: load('unload', '01') },
  prove:      { message: ['0220', '600000', '91', '45'], of: ['load', 'cashload', 'fill'], fields: proof('load') },
  unprove:    { message: ['0220', '610000', '91', '52'], of: ['unload'], fields: proof('unload') },
  chip:       { message: ['0200', '000000', '00', '36'], fen: 300, side: 'debit', fields: chipPayment },
  chips:      { message: ['0320', '', '', '00'], network: '208', side: 'debit', countsFen: 100, cardless: true, fields: chipPayments },
  settle:     { message: ['0500', '', '', '00'], network: '201', cardless: true, fields: (player, step) => player.totalsFields(step) },
  upload:     { message: ['0320', '', '', '00'], network: '201', cardless: true, fields: (player) => player.detailFields() },
  advice:     { message: ['0320', '', '', '00'], network: '206', fen: 500, fields: (player) => player.settledFields('206') },
  end:        { message: ['0320', '', '', '00'], network: '202', cardless: true, fields: (player) => player.endFields() },
};

function track({ card }: Player, step: Step): Fields {
  const used = step.card === undefined ? card : CARD[step.card as keyof typeof CARD];
  return { 35: `${used}D30122010000000000` };
}

/** Transfers of all scripts go to one card. */
function receiver(_: Player, { faults }: Step): Fields {
  return { 62: Buffer.from(faults.has('receiver') ? CARD.lost : CARD.second) };
}

async function walletCode({ world, card }: Player, { faults }: Step): Promise<Fields> {
  const { code } = (await world.control('wallet-code', { card })) as { code: string };
  const used = faults.has('code') ? code.replace(/\d$/, (d) => String((Number(d) + 1) % 10)) : code;
  return { 22: '032', 59: Buffer.from(`A3${String(used.length).padStart(3, '0')}${used}`) };
}

function load(kind: 'load' | 'unload', application: '01' | '02') {
  return (player: Player, { faults, fen }: Step): Fields => {
    const asked = player.reader.beginOnline(kind, application, fen ?? 0);
    player.asked = faults.has('mac1') ? { ...asked, mac1: Buffer.alloc(4) } : asked;
    return { 55: formatPurseData(player.asked) };
  };
}

function proof(kind: 'load' | 'unload') {
  return (player: Player, { faults }: Step): Fields => {
    const { serial, type, random, onlineSequence } = player.asked;
    const right = player.proof ?? player.reader.endOnline(kind, player.agreed);
    player.proof = right;
    const given = faults.has('tac') ? Buffer.alloc(4) : right;
    const data: PurseData = { serial, type, random, onlineSequence, proof: given };
    return { 55: formatPurseData(data) };
  };
}

function chipPayment({ reader }: Player, { faults, fen }: Step): Fields {
  const paid = reader.pay('02', fen ?? 0, new Date());
  const { amountFen: _, ...data } = faults.has('tac') ? { ...paid, proof: Buffer.alloc(4) } : paid;
  return { 55: formatPurseData(data) };
}

/** A proven payment of 100 fen, one whose TAC is wrong, and the first one again. */
function chipPayments({ reader }: Player): Fields {
  const good = reader.pay('02', 100, new Date());
  const grey = { ...reader.pay('02', 100, new Date()), proof: Buffer.alloc(4) };
  return { 62: Buffer.concat([good, grey, good].map(formatPurseRecord)) };
}
