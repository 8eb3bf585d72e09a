/**
 * A day at a hospital's tills, through every way that money comes: one-cards, cash, chips, codes of the
 * wallet and of e-health-cards, cards of another bank. What is returned is what the slips say.
 */
import { call } from '../api/caller.ts';
import { bankCard } from './bank.ts';
import { CARD, OUTPATIENT } from './cards.ts';
import { ChipDesk } from './chip-desk.ts';
import { control, setTerms } from './control.ts';
import { Desk, type Fields, type Particulars } from './desk.ts';
import { amount } from './outside-terminal.ts';
import type { Served } from './serve.ts';

export interface Slip {
  channel: 'one-card' | 'cash' | 'purse' | 'wallet' | 'health-card' | 'bank';
  /** Field 37. */
  reference: string;
  /** Of a refund: what it gives back of. */
  original?: string;
  /** Negative for money that goes back. */
  fen: number;
  /** A merchant got it, so there has to be a charge and a bill. */
  isSale: boolean;
}

class Day {
  readonly slips: Slip[] = [];
  readonly #names = new Map<string, Slip>();
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Must be answered so; leaves no slip. */
  async only(kind: string, particulars: Particulars, code = '00'): Promise<void> {
    const answered = await this.#desk.act(kind, particulars);
    if (answered !== code) throw new Error(`${kind} was answered ${answered}, not ${code}`);
  }

  async sale(channel: Slip['channel'], kind: string, particulars: Particulars): Promise<void> {
    await this.only(kind, particulars);
    this.note(channel, particulars.fen!, particulars.as);
  }

  async refund(kind: string, of: string, fen: number): Promise<void> {
    await this.only(kind, { of, fen });
    const { channel, reference } = this.#names.get(of)!;
    const slip = this.note(channel, -fen);
    slip.original = reference;
  }

  /** The slip of the last answer. */
  note(channel: Slip['channel'], fen: number, name?: string, isSale = true): Slip {
    const slip: Slip = { channel, reference: this.#desk.last.fields.get(37)!, fen, isSale };
    this.slips.push(slip);
    if (name !== undefined) this.#names.set(name, slip);
    return slip;
  }

  /** The slip is as if it had been of this amount, or had never been. */
  correct(name: string, fen: number): void {
    const slip = this.#names.get(name)!;
    slip.fen = fen;
    if (fen === 0) this.slips.splice(this.slips.indexOf(slip), 1);
  }
}

/** Needs a bank behind the sample's host. */
export async function mixedTraffic(served: Served): Promise<Slip[]> {
  const counter = await Desk.at(served.port, '10000001');
  const kiosk = await Desk.at(served.port, '10000002');
  try {
    const slips = [
      await oneCards(counter),
      await cash(counter),
      await wallet(counter, served),
      await healthCard(counter, served),
      await bankCards(counter),
      await chips(kiosk),
    ];
    return slips.flat();
  } finally {
    counter.disconnect();
    kiosk.disconnect();
  }
}

async function oneCards(desk: Desk): Promise<Slip[]> {
  const day = new Day(desk);
  await day.sale('one-card', 'purchase', { pan: CARD.good, fen: 1_001 });
  await day.sale('one-card', 'purchase', { pan: CARD.second, fen: 10_000, as: 'refunded' });
  await day.refund('refund', 'refunded', 2_500);
  await day.sale('one-card', 'purchase', { pan: CARD.third, fen: 7_777, as: 'reversed' });
  if ((await desk.reverse('reversed')) !== '00') throw new Error('not reversed');
  day.correct('reversed', 0);
  await day.sale('one-card', 'purchase', { pan: CARD.good, fen: 640, as: 'voided' });
  await day.only('void', { of: 'voided', fen: 640 });
  day.correct('voided', 0);
  await day.only('purchase', { pan: CARD.lost, fen: 5_000 }, '41');
  await day.only('pre-auth', { pan: CARD.third, fen: 5_000, as: 'hold' });
  await day.sale('one-card', 'completion', { of: 'hold', fen: 4_200 });
  await day.only('deposit', { pan: CARD.good, fen: 3_000, as: 'deposit' });
  await day.sale('one-card', 'deposit-charge', { of: 'deposit', fen: 2_000 });
  const offline = { pan: CARD.good, fen: 1_500, extra: { 38: '123456' }, as: 'offline' };
  await day.sale('one-card', 'offline-purchase', offline);
  await day.only('adjustment', { of: 'offline', fen: 1_300 });
  day.correct('offline', 1_300);
  return day.slips;
}

async function cash(desk: Desk): Promise<Slip[]> {
  const day = new Day(desk);
  await day.only('cash-load', { pan: CARD.second, fen: 8_000 });
  day.note('cash', 8_000, undefined, false);
  return day.slips;
}

async function wallet(desk: Desk, served: Served): Promise<Slip[]> {
  const day = new Day(desk);
  await setTerms(served, 'wallet-code', { seconds: 600 });
  const { code } = (await control(served, 'wallet-code', { card: CARD.second })) as {
    code: string;
  };
  const field59 = Buffer.from(`A3${String(code.length).padStart(3, '0')}${code}`);
  const extra: Fields = { 22: '032', 59: field59 };
  await day.sale('wallet', 'scan-payment', { fen: 800, extra, as: 'scanned' });
  await day.refund('scan-refund', 'scanned', 300);
  return day.slips;
}

async function healthCard(desk: Desk, served: Served): Promise<Slip[]> {
  const day = new Day(desk);
  const ask = (path: string, body: unknown, method = 'POST') =>
    call(served, method, path, { body, idempotencyKey: `${method} ${path}`.replaceAll(' ', '-') });
  const person = { name: '王芳', idNumber: '11010519491231002X', phone: '13800001234' };
  const made = await ask('/v1/health-cards', { demographics: person, checkedBy: 'document' });
  const card = String(made.body['erhcCardNo']);
  const update = { phone: person.phone, payCard: CARD.good };
  await ask(`/v1/health-cards/${card}`, update, 'PUT');
  const { body } = await ask(`/v1/health-cards/${card}/codes`, { scenes: ['outpatient-payment'] });
  const code = Buffer.from(String(body['qrContent']));
  const answered = await desk.send('0200', {
    3: '000000',
    4: amount(1_234),
    11: desk.nextTrace(),
    22: '030',
    25: '99',
    49: '156',
    60: `26${desk.batch}00060`,
    62: Buffer.concat([Buffer.of(0x5f, 0x01, code.length), code]),
  });
  if (answered !== '00') throw new Error(`the health card's code was answered ${answered}`);
  day.note('health-card', 1_234);
  return day.slips;
}

async function bankCards(desk: Desk): Promise<Slip[]> {
  const day = new Day(desk);
  const pan = bankCard(1).number;
  await day.sale('bank', 'purchase', { pan, fen: 2_000 });
  await day.sale('bank', 'purchase', { pan, fen: 900, as: 'b' });
  await day.refund('refund', 'b', 400);
  await day.sale('bank', 'purchase', { pan, fen: 333, as: 'gone' });
  if ((await desk.reverse('gone')) !== '00') throw new Error('not reversed');
  day.correct('gone', 0);
  return day.slips;
}

async function chips(desk: Desk): Promise<Slip[]> {
  const day = new Day(desk);
  const at = new ChipDesk(desk, CARD.good);
  if ((await at.ask(6_000)) !== '00') throw new Error('not loaded');
  day.note('purse', 6_000, undefined, false);
  if ((await at.prove()) !== '00') throw new Error('the load was not proven');
  if ((await at.upload(at.reader.pay('02', 1_100, new Date()))) !== '00')
    throw new Error('not paid');
  day.note('purse', 1_100);
  return day.slips;
}

/** Two payments and the settlement of their batch by totals that are right, or a fen too low. */
export async function settledBatch(
  port: number,
  id: string,
  isRight: boolean,
): Promise<{ batch: string; slips: Slip[] }> {
  const desk = await Desk.at(port, id, OUTPATIENT);
  const day = new Day(desk);
  for (const fen of [1_000, 200]) await day.sale('one-card', 'purchase', { pan: CARD.third, fen });
  const total = `${amount(isRight ? 1_200 : 1_199)}002${amount(0)}0000`;
  const fields = { 11: desk.nextTrace(), 48: `${total}${'0'.repeat(31)}`, 49: '156' };
  const batch = `${id}/${desk.batch}`;
  await desk.send('0500', { ...fields, 60: `00${desk.batch}201`, 63: Buffer.from('01 ') });
  desk.disconnect();
  return { batch, slips: day.slips };
}
