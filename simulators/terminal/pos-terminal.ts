/**
 * A POS terminal that behaves as the UnionPay terminal dialect says: it signs in and checks its
 * keys, checks the MAC of every answer, reverses what it got no usable answer for before it does
 * anything else, and keeps its own totals for settlement.
 */
import { field48Totals, field60, field61 } from '../../protocols/dialects/cup-fields.ts';
import { CardFields } from './card-fields.ts';
import type { Exchanged, Fields, LineFault, Particulars, SimulatedCard, Slip } from './exchange.ts';
import { MessageLine, NO_MAC } from './message-line.ts';
import { TerminalBatch } from './terminal-batch.ts';
import type { TerminalKeys } from './terminal-keys.ts';
import type { TerminalTotals } from './terminal-totals.ts';
import { type SimulatedTransaction, TRANSACTIONS, type TransactionName } from './transactions.ts';

export interface PosTerminalOptions {
  host: string;
  port: number;
  terminalId: string;
  merchantId: string;
  keys: TerminalKeys;
  /** How long the terminal waits for an answer. */
  timeoutMs?: number;
  /** How often it sends a reversal before it gives up. */
  reversalAttemptsMax?: number;
  /** Asks for a track key at sign-in, and sends tracks under it (磁道加密). */
  encryptsTracks?: boolean;
}

/** Field 63.2: the operator. */
const OPERATOR = Buffer.from('01 ', 'latin1');

export class PosTerminal {
  readonly id: string;
  readonly #options: Required<PosTerminalOptions>;
  readonly #line: MessageLine;
  readonly #cards: CardFields;
  readonly #batch = new TerminalBatch();

  constructor(options: PosTerminalOptions) {
    this.#options = {
      timeoutMs: 10_000,
      reversalAttemptsMax: 3,
      encryptsTracks: false,
      ...options,
    };
    this.id = options.terminalId;
    this.#line = new MessageLine(this.#options);
    this.#cards = new CardFields(options.keys, this.#options.encryptsTracks);
  }

  /** Where an SM4 terminal puts its PIN differs from acquirer to acquirer, so it asks for none. */
  get takesPins(): boolean {
    return this.#options.keys.algorithm !== 'sm4';
  }

  get batchNumber(): string {
    return this.#batch.number;
  }

  get lastTrace(): number {
    return this.#batch.lastTrace;
  }

  get totals(): TerminalTotals {
    return this.#batch.totals;
  }

  /** Continues where a saved terminal stopped: its batch and its last trace number. */
  resume(batchNumber: string, lastTrace: number): void {
    this.#batch.resume(batchNumber, lastTrace);
  }

  /** 签到: new working keys and the batch number. */
  async signIn(): Promise<Exchanged> {
    const networkCode = this.#signInCode;
    const done = await this.#line.ask('0800', {
      11: this.#batch.nextTrace(),
      60: this.#batch.network(networkCode),
      63: OPERATOR,
    });
    const keys = done.answer?.bytes(62);
    if (done.responseCode === '00' && keys !== undefined) {
      await this.#options.keys.download(keys, networkCode);
      const { batchNumber } = field60.parse(done.answer?.get(60) ?? '');
      if (batchNumber !== undefined) this.#batch.begin(batchNumber);
    }
    return done;
  }

  get #signInCode(): string {
    if (this.#options.keys.algorithm === 'sm4') return '006';
    return this.#options.encryptsTracks ? '004' : '003';
  }

  /** 签退 */
  signOff(): Promise<Exchanged> {
    return this.#line.ask('0820', { 11: this.#batch.nextTrace(), 60: this.#batch.network('002') });
  }

  /** 回响测试 */
  echo(): Promise<Exchanged> {
    return this.#line.ask('0820', { 11: this.#batch.nextTrace(), 60: this.#batch.network('301') });
  }

  /** 消费 */
  async purchase(card: SimulatedCard, amountFen: number, fault?: LineFault): Promise<Exchanged> {
    const fields = {
      ...(await this.#cards.ofSwipe(card)),
      3: '000000',
      4: amountText(amountFen),
      60: this.#batch.financial('22'),
    };
    return this.#trade('purchase', '0200', fields, card, amountFen, fault);
  }

  /** 余额查询 */
  async balance(card: SimulatedCard): Promise<Exchanged> {
    const fields = {
      ...(await this.#cards.ofSwipe(card)),
      3: '310000',
      11: this.#batch.nextTrace(),
      60: this.#batch.financial('01'),
    };
    return this.#line.ask('0200', { ...this.#common(), ...fields, 64: NO_MAC });
  }

  /** 消费撤销 */
  async void(slip: Slip, fault?: LineFault): Promise<Exchanged> {
    const fields = {
      2: slip.card.number,
      3: '200000',
      4: amountText(slip.amountFen),
      22: '012',
      37: slip.reference,
      38: slip.authorisation,
      60: this.#batch.financial('23'),
      61: field61.format(slip),
    };
    return this.#trade('void', '0200', fields, slip.card, slip.amountFen, fault);
  }

  /** 退货: never reversed; without an answer it is asked again with the same trace number. */
  async refund(slip: Slip, amountFen: number): Promise<Exchanged> {
    const fields = {
      2: slip.card.number,
      3: '200000',
      4: amountText(amountFen),
      22: '022',
      ...(await this.#cards.ofTrack(slip.card)),
      37: slip.reference,
      60: this.#batch.financial('25'),
      61: field61.format(slip),
    };
    return this.#trade('refund', '0220', fields, slip.card, amountFen);
  }

  /** 批结算: the terminal's own totals; a new batch begins with the answer. */
  async settle(): Promise<Exchanged> {
    const zero = { debitFen: 0, debitCount: 0, creditFen: 0, creditCount: 0, result: 0 } as const;
    const done = await this.#line.ask('0500', {
      11: this.#batch.nextTrace(),
      48: field48Totals.format({ domestic: { ...this.totals.current, result: 0 }, foreign: zero }),
      49: '156',
      60: this.#batch.network('201'),
      63: OPERATOR,
    });
    if (done.responseCode === '00') this.#batch.beginNext();
    return done;
  }

  /** A transaction of the table (simulators/terminal/transactions.ts). */
  async transact(name: TransactionName, particulars: Particulars = {}): Promise<Exchanged> {
    const row: SimulatedTransaction = TRANSACTIONS[name];
    const { card, amountFen, original, fault } = particulars;
    const known = card ?? original?.card ?? { number: '', expiry: '' };
    const fields: Fields = {
      ...(row.conditionCode === undefined ? {} : { 25: row.conditionCode, 49: '156' }),
      ...(row.processingCode === undefined ? {} : { 3: row.processingCode }),
      ...(await this.#cardOf(row, card)),
      ...(amountFen === undefined ? {} : { 4: amountText(amountFen) }),
      ...(row.original && original !== undefined ? originalFields(original) : {}),
      60: this.#batch.ofRow(row),
      ...particulars.fields,
    };
    if (!row.reversible && row.side === undefined) {
      const mac = row.mac ? { 64: NO_MAC } : {};
      const done = await this.#line.ask(row.messageType, {
        11: this.#batch.nextTrace(),
        ...fields,
        ...mac,
      });
      if (done.responseCode !== '00') return done;
      const slip = this.#slipOf(name, known, amountFen ?? 0, done);
      if (name !== 'adjustment' && name !== 'tip') return { ...done, slip };
      const adjusted = { ...slip, replacedFen: original?.amountFen ?? 0 };
      this.totals.adjust(adjusted.replacedFen, slip.amountFen);
      return { ...done, slip: adjusted };
    }
    return this.#trade(name, row.messageType, fields, known, amountFen ?? 0, fault);
  }

  /** Sends any fields as they are, e.g. to try what the switch says to a mistake. */
  send(messageType: string, fields: Fields): Promise<Exchanged> {
    return this.#line.ask(messageType, fields);
  }

  close(): void {
    this.#line.close();
  }

  async #trade(
    kind: string,
    messageType: string,
    fields: Fields,
    card: SimulatedCard,
    amountFen: number,
    fault?: LineFault,
  ): Promise<Exchanged> {
    const request = { ...this.#common(), 11: this.#batch.nextTrace(), ...fields, 64: NO_MAC };
    const reversible = messageType === '0200' || messageType === '0100';
    const batchNumber = this.#batch.number;
    let done = await this.#line.ask(messageType, request, fault);
    if (done.answer === null && !reversible) done = await this.#line.ask(messageType, request);
    const usable = done.answer !== null && done.responseCode !== 'bad-mac';
    if (!usable && reversible) {
      const reason = done.answer === null ? '98' : 'A0';
      return { ...done, reversed: await this.#reverse(request, reason) };
    }
    if (done.responseCode !== '00' || done.answer === null) return done;
    this.totals.add(kind, amountFen);
    return { ...done, slip: { ...this.#slipOf(kind, card, amountFen, done), batchNumber } };
  }

  #slipOf(kind: string, card: SimulatedCard, amountFen: number, done: Exchanged): Slip {
    const { request, answer } = done;
    return {
      kind,
      card,
      amountFen,
      batchNumber: this.#batch.number,
      traceNumber: request.get(11) ?? '',
      reference: answer?.get(37) ?? '',
      authorisation: answer?.get(38) ?? '',
      date: answer?.get(13) ?? '',
    };
  }

  async #cardOf(row: SimulatedTransaction, card: SimulatedCard | undefined): Promise<Fields> {
    if (row.card === undefined || card === undefined) return {};
    return row.card === 'read' ? this.#cards.ofSwipe(card) : { 2: card.number, 22: '012' };
  }

  /** 冲正: the same transaction again as a 0400, without PIN, track and reference, until answered. */
  async #reverse(original: Fields, reason: string): Promise<boolean> {
    const { 35: _track, 37: _reference, 52: _pin, 63: _operator, ...kept } = original;
    for (let attempt = 1; attempt <= this.#options.reversalAttemptsMax; attempt++) {
      const done = await this.#line.ask('0400', { ...kept, 39: reason, 64: NO_MAC });
      if (done.responseCode === '00') return true;
    }
    return false;
  }

  #common(): Fields {
    return { 25: '00', 49: '156' };
  }
}

function originalFields(slip: Slip): Fields {
  return {
    37: slip.reference,
    ...(slip.authorisation === '' ? {} : { 38: slip.authorisation }),
    61: field61.format(slip),
  };
}

function amountText(amountFen: number): string {
  return String(amountFen).padStart(12, '0');
}
