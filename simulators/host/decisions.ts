/** What a simulated bank says to a request: from its books, the PIN of its cards, and how it is to behave. */
import { field90Original } from '../../protocols/dialects/bank-host.ts';
import { field54Amounts } from '../../protocols/dialects/cup-fields.ts';
import type { FieldValue, Message } from '../../protocols/iso8583/message.ts';
import { type Behaviour, books } from './behaviour.ts';
import { type Booking, HostBooks, type RequestName } from './books.ts';
import type { BankKeys } from './host-keys.ts';

export interface DecisionOptions {
  keys: BankKeys;
  /** Field 39 of what is declined. */
  declineCode?: string;
  /** PIN of every card; a request with another one is declined with 55. */
  pin?: string;
  /** Whether an original that comes after its reversal is refused. Not every bank does that. */
  remembersReversals?: boolean;
  /** What every card has. */
  balanceFen?: number;
}

export type Fields = Record<number, FieldValue>;

export class Decisions {
  readonly books = new HostBooks();
  readonly #options: DecisionOptions;
  #approvals = 0;

  constructor(options: DecisionOptions) {
    this.#options = options;
  }

  /** The answer's own fields to a reversal. */
  reverse(message: Message, behaviour: Behaviour): Fields {
    if (behaviour === 'decline') return { 39: this.#options.declineCode ?? '51' };
    if (!books(behaviour)) return { 39: '' };
    const original = field90Original.parse(message.get(90) ?? '');
    const terminalId = message.get(41) ?? '';
    return { 39: this.books.reverse({ ...original, terminalId }) };
  }

  /** The same to any other request. */
  async decide(message: Message, behaviour: Behaviour): Promise<Fields> {
    const { declineCode = '51', pin, keys, balanceFen = 1_000_000 } = this.#options;
    const { remembersReversals = true } = this.#options;
    const name = nameOf(message);
    if (remembersReversals && this.books.isBlocked(name)) return { 39: '22' };
    const before = this.books.find(name);
    // What was approved in part may be approved whole when it comes again.
    const isWhole = before?.amountFen === (message.number(4) ?? 0);
    if (before !== undefined && isWhole) return { 38: before.authorisation, 39: '00' };
    if (behaviour === 'decline') return { 39: declineCode };
    if (!books(behaviour)) return { 39: '' };
    const pinBlock = message.bytes(52);
    if (pin !== undefined && pinBlock !== undefined) {
      const right = await keys.pinIs(pin, pinBlock, message.get(2) ?? '');
      if (!right) return { 39: '55' };
    }
    if (message.get(3)?.startsWith('31')) return { 39: '00', 54: balanceText(balanceFen) };
    const authorisation = String(++this.#approvals % 1_000_000).padStart(6, '0');
    const isPart = behaviour === 'partial';
    const amountFen = Math.floor((message.number(4) ?? 0) / (isPart ? 2 : 1));
    const booking = bookingOf(message, amountFen, authorisation);
    const approved: Fields = { 38: authorisation, 39: '00' };
    if (isPart) Object.assign(approved, { 4: String(amountFen).padStart(12, '0'), 39: '10' });
    const named = message.get(90);
    if (named === undefined) {
      this.books.book(name, booking);
      return approved;
    }
    const original = this.books.original(field90Original.parse(named));
    const refusal = this.books.refusal(booking, original);
    if (refusal !== null) return { 39: refusal };
    if (isAdjustment(message)) original!.state = 'replaced';
    this.books.book(name, booking, original);
    return approved;
  }
}

function nameOf(message: Message): RequestName {
  return {
    messageType: message.mti,
    traceNumber: message.get(11) ?? '',
    transmitted: message.get(7) ?? '',
    terminalId: message.get(41) ?? '',
  };
}

/** An advice (not one of a completion, field 25 = 06) that stands in place of what field 90 names. */
function isAdjustment(message: Message): boolean {
  return (
    message.mti === '0220' && isIncoming(message) && message.get(25) === '00' && message.has(90)
  );
}

/** Field 3 begins so for what a card holder gets: voids and refunds, and cash that is paid in. */
const OUTGOING = ['20', '63'];

function isIncoming(message: Message): boolean {
  return !OUTGOING.some((code) => message.get(3)?.startsWith(code));
}

/** Money comes in or goes back; a 0100 only holds or lets go. */
function bookingOf(message: Message, amountFen: number, authorisation: string): Booking {
  const back = !isIncoming(message);
  const owedFen = message.mti === '0100' ? 0 : back ? 0 - amountFen : amountFen;
  return {
    reference: message.get(37) ?? '',
    messageType: message.mti,
    cardNumber: message.get(2) ?? '',
    terminalId: message.get(41) ?? '',
    owedFen,
    amountFen,
    state: 'booked',
    authorisation,
  };
}

function balanceText(amountFen: number): string {
  return field54Amounts.format([
    { accountType: '10', amountType: '02', currency: '156', amountFen },
  ]);
}
