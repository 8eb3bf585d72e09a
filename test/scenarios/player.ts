/** Plays scripts on a terminal that somebody else wrote, with a card, its chip, and the bank behind. */
import type { PurseData } from '../../protocols/pboc/purse-data.ts';
import { parsePurseData } from '../../protocols/pboc/purse-data.ts';
import { CpuCard } from '../../simulators/card/cpu-card.ts';
import { Psam } from '../../simulators/card/psam.ts';
import { CardReader } from '../../simulators/card/reader.ts';
import { SAMPLE_ISSUER } from '../../simulators/card/sample-keys.ts';
import type { Behaviour } from '../../simulators/host/behaviour.ts';
import { until } from '../support/bank.ts';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import type { Fields } from '../support/desk.ts';
import { type Answer, amount, OutsideTerminal } from '../support/outside-terminal.ts';
import type { BankBehaviours } from './bank-behaviours.ts';
import { PIN, VERBS, type Verb } from './messages.ts';
import { type Step, stepsOf } from './script.ts';
import { Totals } from './totals.ts';

/** What is around the terminals. */
export interface World {
  port: () => number;
  bank: BankBehaviours;
  /** Resolves when nothing is owed to the bank for a terminal. */
  settled: (terminalId: string) => Promise<void>;
  control: (name: string, argument: Record<string, unknown>) => Promise<unknown>;
  /** Resolves when the switch was killed and runs again; all players meet there. */
  kill: () => Promise<void>;
}

interface Slip {
  verb: string;
  fields: Fields;
  reference: string;
  authorisation: string;
  /** MMDD */
  date: string;
}

const DETAILS_MAX = 8;
/** A day on which nothing was paid. */
const NO_DATE = '0230';

export class Player {
  readonly terminal: OutsideTerminal;
  readonly world: World;
  readonly #totals = new Totals();
  #settledBatch = '';
  card = '';
  reader!: CardReader;
  /** What the chip asked, what the host agreed to, and what the chip says is proof of it. */
  asked!: PurseData;
  agreed!: PurseData;
  proof: Uint8Array | undefined;
  #slips: Slip[] = [];
  #reversed = new Set<string>();
  #blocked = false;
  #order = '';
  #last: { verb: string; type: string; fields: Fields } = { verb: '', type: '', fields: {} };
  #frame: Buffer = Buffer.alloc(0);
  /** The last frame is a reversal: of the last transaction, or of this verb's. */
  #reverses: string | null = null;

  constructor(terminalId: string, world: World) {
    this.terminal = new OutsideTerminal(terminalId, OUTPATIENT);
    this.world = world;
  }

  async start(): Promise<void> {
    await this.terminal.connect(this.world.port());
    await this.terminal.signIn();
  }

  /** Plays one line with a card of its own; gives the codes. */
  async play(script: string, card: string): Promise<string> {
    this.card = card;
    const psam = new Psam(SAMPLE_ISSUER.purchase, `0000${this.terminal.terminalId}`);
    this.reader = new CardReader(CpuCard.issue(SAMPLE_ISSUER, card), psam);
    this.#slips = [];
    this.proof = undefined;
    const codes: string[] = [];
    for (const step of stepsOf(script)) {
      const code = await this.#take(step);
      if (code !== null) codes.push(code);
    }
    return codes.join(' ');
  }

  /** What the card has to spend, as the terminal is told. */
  async balance(): Promise<number> {
    if (this.#blocked) await this.world.control('unblock', { card: this.card });
    this.#blocked = false;
    let answer = await this.#askBalance();
    if (answer?.fields.get(39) === '75') {
      await this.world.control('unlock-pin', { card: this.card });
      answer = await this.#askBalance();
    }
    return Number(answer?.fields.get(54)?.slice(8));
  }

  async #askBalance(): Promise<Answer | null> {
    const [type, fields] = await this.#fieldsOf('balance', stepsOf('balance')[0]!);
    return this.terminal.ask(this.terminal.frame(type, fields, 'right'));
  }

  /** What the chip says it holds. */
  get chipFen(): number {
    const { applications } = this.reader.card.state;
    return applications['01'].balanceFen + applications['02'].balanceFen;
  }

  /** Ends the line with a settlement: `00:1` when the switch has the same totals. */
  async settle(): Promise<string> {
    return (await this.#take(stepsOf('settle')[0]!)) ?? '';
  }

  /** Field 39, or null for a step without an answer. */
  async #take(step: Step): Promise<string | null> {
    const { terminal, world, card } = this;
    const bank = world.bank.of(card);
    if (step.requests.length > 0) bank.requests = step.requests as Behaviour[];
    bank.reversals.push(...(step.reversals as Behaviour[]));
    switch (step.verb) {
      case 'wait':
        await world.settled(terminal.terminalId);
        return null;
      case 'told':
        await until(() => bank.requests.length + bank.reversals.length === 0, 'the bank is told');
        return null;
      case 'kill':
        await world.kill();
        await terminal.connect(world.port());
        return null;
      case 'signin':
        return (await terminal.signIn()).fields.get(39) ?? '-';
      case 'pay':
        return this.#payOrder();
      case 'block':
        await world.control('block', { card, code: '04' });
        this.#blocked = true;
        return null;
      case 'accept':
      case 'reject':
        await this.#decideGrey(step.verb === 'accept');
        return null;
      default:
        return this.#send(step);
    }
  }

  async #send(step: Step): Promise<string | null> {
    await this.#makeFrame(step);
    const { terminal } = this;
    if (step.faults.has('cut') || step.faults.has('go')) {
      const bank = this.world.bank.of(this.card);
      const before = bank.seen;
      await terminal.sendAndCut(this.#frame);
      if (step.faults.has('go')) await until(() => bank.seen > before, 'the bank has it');
      await terminal.connect(this.world.port());
      return '-';
    }
    const answer = await terminal.ask(this.#frame);
    if (answer === null) return '-';
    const code = answer.fields.get(39) ?? '-';
    this.#learn(code, answer);
    return this.#withDetails(step.verb, code, answer);
  }

  async #makeFrame(step: Step): Promise<void> {
    const { terminal } = this;
    const { verb, about, faults, fen } = step;
    const mac = faults.has('mac') ? 'wrong' : 'right';
    if (verb === 'again') return;
    this.#reverses = null;
    if (verb === 'reverse' || verb === 'early') {
      this.#reverses = verb === 'early' ? '' : about;
      if (verb === 'early') await this.#begin(about, step);
      const named =
        verb === 'early' ? undefined : this.#slips.findLast((slip) => slip.verb === about);
      const fields = named?.fields ?? this.#last.fields;
      const changed = fen === undefined ? fields : { ...fields, 4: amount(fen) };
      this.#frame = terminal.frame('0400', reversalOf(changed), mac);
      return;
    }
    if (verb !== 'arrive') await this.#begin(verb, step);
    this.#frame = terminal.frame(this.#last.type, this.#last.fields, mac);
  }

  async #begin(verb: string, step: Step): Promise<void> {
    const [type, fields] = await this.#fieldsOf(verb, step);
    this.#last = { verb, type, fields };
  }

  async #fieldsOf(name: string, step: Step): Promise<[type: string, fields: Fields]> {
    const verb = VERBS[name];
    if (verb === undefined) throw new Error(`no such verb: ${name}`);
    const { terminal } = this;
    const [type, processing, condition, kind] = verb.message;
    const batch = step.faults.has('batch') ? '777777' : terminal.batch;
    const fen = step.fen ?? verb.fen;
    const card = step.card === undefined ? this.card : CARD[step.card as keyof typeof CARD];
    const financial = processing !== '';
    const fields: Fields = {
      ...(verb.cardless ? {} : { 2: card }),
      ...(financial ? { 3: processing, 25: condition } : {}),
      ...(fen === undefined ? {} : { 4: amount(fen) }),
      11: terminal.nextTrace(),
      ...(financial || fen !== undefined ? { 22: '022', 49: '156' } : {}),
      60: `${kind}${batch}${verb.network ?? '00050'}`,
      ...(verb.of === undefined ? {} : this.#originalFields(verb.of, step)),
      ...this.#pinFields(verb, step, card),
    };
    const more = await verb.fields?.(this, { ...step, fen });
    return [type, { ...fields, ...more, ...contradictions(step) }];
  }

  #pinFields(verb: Verb, { pin, faults }: Step, card: string): Fields {
    if (!pin && !verb.pin && !faults.has('pin')) return {};
    if (faults.has('nopin')) return {};
    const entered = faults.has('pin') ? '654321' : PIN;
    const block = this.terminal.pinBlock(entered, card);
    return { 22: '021', 26: '12', 52: block, 53: '2600000000000000' };
  }

  /** What names an earlier slip; without one, it names nothing that exists. */
  #originalFields(verbs: readonly string[], { byCode, faults }: Step): Fields {
    const slip = this.#slips.findLast(({ verb }) => verbs.includes(verb));
    const trace = String(slip?.fields[11] ?? '999999');
    const batch = String(slip?.fields[60] ?? '').slice(2, 8) || this.terminal.batch;
    const date = faults.has('date') ? NO_DATE : (slip?.date ?? NO_DATE);
    const code = { 22: '012', 38: slip?.authorisation ?? '000000' };
    if (byCode) return { ...code, 61: `${'0'.repeat(12)}${date}` };
    return { ...code, 37: slip?.reference ?? '000000000001', 61: `${batch}${trace}${date}` };
  }

  /** The terminal's own books, from what it is told. */
  #learn(code: string, answer: Answer): void {
    if (code !== '00') return;
    const { fields, verb } = this.#last;
    if (this.#reverses !== null) {
      const named = this.#slips.findLast((slip) => slip.verb === this.#reverses);
      this.#takenBack(String((named?.fields ?? fields)[11]));
      return;
    }
    if (this.#reversed.has(String(fields[11]))) return;
    const purse = answer.fields.get(55);
    if (purse !== undefined) {
      this.agreed = parsePurseData(Buffer.from(purse, 'hex'));
      this.proof = undefined;
    }
    if (verb === 'order') {
      this.#order = Buffer.from(answer.fields.get(62)!.slice(6), 'hex').toString();
    }
    if (verb === 'settle') return;
    this.#count(verb, fields);
    const reference = answer.fields.get(37) ?? '';
    const authorisation = answer.fields.get(38) ?? '000000';
    const date = answer.fields.get(13) ?? NO_DATE;
    this.#slips.push({ verb, fields, reference, authorisation, date });
  }

  #takenBack(trace: string): void {
    this.#reversed.add(trace);
    this.#totals.remove(trace);
  }

  #count(verb: string, fields: Fields): void {
    const { side, of, countsFen } = VERBS[verb]!;
    if (verb === 'adjust' || verb === 'tip') {
      const before = this.#slips.findLast((slip) => of!.includes(slip.verb));
      if (before !== undefined) this.#totals.remove(String(before.fields[11]));
    }
    if (side === undefined) return;
    this.#totals.add(String(fields[11]), {
      side,
      fen: countsFen ?? Number(fields[4]),
      card: this.card,
    });
  }

  /** What the code alone does not tell: of a settlement, whether totals match; of a batch, its records. */
  async #withDetails(verb: string, code: string, answer: Answer): Promise<string> {
    if (code !== '00') return code;
    const about = verb === 'again' || verb === 'arrive' ? this.#last.verb : verb;
    if (about === 'settle') {
      this.#settledBatch = this.terminal.batch;
      this.#totals.settle();
      await this.terminal.signIn();
      return `${code}:${answer.fields.get(48)?.[30]}`;
    }
    if (about !== 'chips') return code;
    return `${code}:${Buffer.from(answer.fields.get(62)!, 'hex').toString()}`;
  }

  async #payOrder(): Promise<string> {
    const argument = { order: this.#order, card: this.card };
    const { paid } = (await this.world.control('pay-order', argument)) as { paid: boolean };
    if (!paid) return 'unpaid';
    const slip = this.#slips.findLast(({ verb }) => verb === 'order')!;
    const [trace, fen] = [String(slip.fields[11]), Number(slip.fields[4])];
    this.#totals.add(trace, { side: 'debit', fen, card: this.card });
    return 'paid';
  }

  async #decideGrey(pay: boolean): Promise<void> {
    const grey = (await this.world.control('grey', {})) as { id: string; cardNumber: string }[];
    const own = grey.find(({ cardNumber }) => cardNumber === this.card);
    if (own === undefined) throw new Error(`${this.card} has no grey record`);
    await this.world.control('grey-decide', { id: own.id, pay });
  }

  totalsFields({ faults }: Step): Fields {
    return { 48: this.#totals.field48(faults.has('totals') ? 1 : 0), 63: Buffer.from('01 ') };
  }

  settledFields(network: string): Fields {
    return { 60: `00${this.#settledBatch}${network}` };
  }

  /** The first details of the settled batch, as many as one message takes. */
  detailFields(): Fields {
    const details = [...this.#totals.settled].slice(0, DETAILS_MAX).map(([trace, one]) => {
      return `00${trace}${one.card.padStart(20, '0')}${amount(one.fen)}`;
    });
    const count = String(details.length).padStart(2, '0');
    return { ...this.settledFields('201'), 48: count + details.join('') };
  }

  endFields(): Fields {
    const count = Math.min(DETAILS_MAX, this.#totals.settled.size);
    return { ...this.settledFields('202'), 48: String(count).padStart(4, '0') };
  }
}

/** A reversal carries no PIN, no track, no reference. */
function reversalOf(fields: Fields): Fields {
  const { 26: _a, 35: _b, 37: _c, 52: _d, 53: _e, 59: _f, 62: _g, ...kept } = fields;
  return { ...kept, 39: '98' };
}

/** What a message says of its card that cannot be. */
function contradictions({ faults }: Step): Fields {
  return {
    ...(faults.has('said') ? { 22: '021' } : {}),
    ...(faults.has('track') ? { 35: `${CARD.second}D30122010000000000` } : {}),
    ...(faults.has('expiry') ? { 14: '3013' } : {}),
  };
}
