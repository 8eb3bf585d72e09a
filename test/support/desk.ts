/**
 * A counter with an outside terminal: transactions by name, originals by the names that they were given.
 * The table of messages is written anew from the dialect, not taken from the product.
 */
import { OUTPATIENT } from './cards.ts';
import { type Answer, amount, OutsideTerminal } from './outside-terminal.ts';

export type Fields = Record<number, string | Buffer>;

/** Message type, field 3, field 25, field 60.1. */
const MESSAGES: Record<string, readonly [string, string, string, string]> = {
  purchase: ['0200', '000000', '00', '22'],
  void: ['0200', '200000', '00', '23'],
  refund: ['0220', '200000', '00', '25'],
  'pre-auth': ['0100', '030000', '06', '10'],
  'pre-auth-void': ['0100', '200000', '06', '11'],
  completion: ['0200', '000000', '06', '20'],
  'completion-notice': ['0220', '000000', '06', '24'],
  'completion-void': ['0200', '200000', '06', '21'],
  deposit: ['0100', '030000', '06', '12'],
  'deposit-charge': ['0200', '000000', '06', '28'],
  'deposit-charge-void': ['0200', '200000', '06', '29'],
  'deposit-release': ['0100', '200000', '06', '13'],
  'deposit-inquiry': ['0100', '310000', '06', '14'],
  'offline-purchase': ['0220', '000000', '00', '30'],
  adjustment: ['0220', '000000', '00', '32'],
  'cash-load': ['0200', '630000', '66', '48'],
  'cash-load-void': ['0200', '170000', '91', '51'],
  transfer: ['0200', '400000', '66', '49'],
  'scan-payment': ['0200', '000000', '00', '22'],
  'scan-order': ['0200', '700000', '00', '60'],
  'scan-query': ['0200', '710000', '00', '60'],
  'scan-refund': ['0200', '720000', '00', '60'],
  'scan-void': ['0200', '730000', '00', '60'],
  load: ['0200', '600000', '91', '45'],
  'load-from-cash': ['0200', '630000', '91', '46'],
  'load-from-card': ['0200', '620000', '91', '47'],
  'load-proof': ['0220', '600000', '91', '45'],
  unload: ['0200', '610000', '91', '52'],
  'unload-proof': ['0220', '610000', '91', '52'],
  'purse-payment': ['0200', '000000', '00', '36'],
};

export interface Particulars {
  pan?: string;
  fen?: number;
  pin?: string;
  /** The name of an earlier transaction. */
  of?: string;
  /** The name that later ones know this one by. */
  as?: string;
  extra?: Fields;
  without?: number[];
}

interface Done {
  messageType: string;
  fields: Fields;
  answer: Answer;
}

export class Desk extends OutsideTerminal {
  readonly done = new Map<string, Done>();
  last!: Answer;

  static async at(port: number, id = '10000001', merchant = OUTPATIENT): Promise<Desk> {
    const desk = new Desk(id, merchant);
    await desk.connect(port);
    await desk.signIn();
    return desk;
  }

  /** Makes a transaction; gives field 39, or `none`. */
  async act(kind: string, particulars: Particulars): Promise<string> {
    const [messageType, ...rest] = MESSAGES[kind]!;
    const fields = this.#fields(rest, particulars);
    return this.send(messageType, fields, particulars.as);
  }

  async send(messageType: string, fields: Fields, as = 'last'): Promise<string> {
    const answer = await this.ask(this.frame(messageType, fields, 'right'));
    if (answer === null) return 'none';
    this.last = answer;
    this.done.set(as, { messageType, fields, answer });
    return answer.fields.get(39) ?? 'none';
  }

  /** The same message again, byte for byte. */
  async repeat(as: string): Promise<string> {
    const { messageType, fields } = this.done.get(as)!;
    this.last = (await this.ask(this.frame(messageType, fields, 'right')))!;
    return this.last.fields.get(39)!;
  }

  /** Reverses a transaction as a terminal does. */
  async reverse(as: string, fen?: number): Promise<string> {
    const { fields } = this.done.get(as)!;
    const changed = fen === undefined ? fields : { ...fields, 4: amount(fen) };
    return (await this.ask(this.reversal(changed)))!.fields.get(39)!;
  }

  /** Reverses what was never sent, then sends it. */
  async reverseFirst(kind: string, particulars: Particulars): Promise<string> {
    const [messageType, ...rest] = MESSAGES[kind]!;
    const fields = this.#fields(rest, particulars);
    const reversed = (await this.ask(this.reversal(fields)))!.fields.get(39);
    return `${reversed} ${await this.send(messageType, fields)}`;
  }

  /** What the card can spend. */
  async balance(pan: string): Promise<number> {
    const fields = {
      2: pan,
      3: '310000',
      11: this.nextTrace(),
      22: '022',
      25: '00',
      49: '156',
      60: `01${this.batch}00050`,
    };
    const answer = (await this.ask(this.frame('0200', fields, 'right')))!;
    return Number(answer.fields.get(54)!.slice(8));
  }

  #fields([processing, condition, type]: string[], given: Particulars): Fields {
    const { pan, fen, pin, of, extra, without = [] } = given;
    const original = of === undefined ? undefined : this.done.get(of)!;
    const number = pan ?? (original?.fields[2] as string | undefined);
    const fields: Fields = {
      ...(number === undefined ? {} : { 2: number }),
      3: processing!,
      ...(fen === undefined ? {} : { 4: amount(fen) }),
      11: this.nextTrace(),
      22: pin === undefined ? '022' : '021',
      25: condition!,
      49: '156',
      ...(pin === undefined
        ? {}
        : { 26: '12', 52: this.pinBlock(pin, pan!), 53: '2600000000000000' }),
      60: `${type}${this.batch}00050`,
      ...(original === undefined ? {} : originalFields(original, this.batch)),
      ...extra,
    };
    for (const field of without) delete fields[field];
    return fields;
  }
}

function originalFields({ fields, answer }: Done, batch: string): Fields {
  const authorisation = answer.fields.get(38);
  return {
    37: answer.fields.get(37)!,
    ...(authorisation === undefined ? {} : { 38: authorisation }),
    61: `${String(fields[60]).slice(2, 8) || batch}${fields[11]}${answer.fields.get(13)}`,
  };
}
