/** What a simulated bank has booked: its own view of every transaction, to be compared with ours. */

export interface Booking {
  /** Field 37. */
  reference: string;
  messageType: string;
  cardNumber: string;
  terminalId: string;
  /** What the bank owes the hospital for it: negative for what goes back to the card, 0 for a hold. */
  owedFen: number;
  amountFen: number;
  /** `replaced`: an adjustment stands in its place. */
  state: 'booked' | 'reversed' | 'replaced';
  /** The approval, for the same request again. */
  authorisation: string;
}

/** What names an original in field 90. */
export interface OriginalName {
  messageType: string;
  traceNumber: string;
  transmitted: string;
}

/** What names a request to the bank: type, fields 11, 7 and 41. */
export interface RequestName extends OriginalName {
  terminalId: string;
}

export class HostBooks {
  readonly #bookings = new Map<string, Booking>();
  readonly #originals = new Map<string, Booking>();
  /** What refers to each booking. */
  readonly #about = new Map<Booking, Booking[]>();
  /** Reversed before they arrived: a late original is refused. */
  readonly #blocked = new Set<string>();
  reversals = 0;

  find(name: RequestName): Booking | undefined {
    return this.#bookings.get(keyOf(name));
  }

  isBlocked(name: RequestName): boolean {
    return this.#blocked.has(keyOf(name));
  }

  /** What field 90 names: at whichever terminal it was. */
  original(name: OriginalName): Booking | undefined {
    return this.#originals.get(originalKeyOf(name));
  }

  /** Why nothing more can be booked about an original, or null. Refunds go up to its amount, all else takes it whole. */
  refusal(booking: Booking, original: Booking | undefined): '25' | '12' | null {
    if (original === undefined) return '25';
    if (original.state !== 'booked') return '12';
    const about = this.#about.get(original) ?? [];
    const standing = about.filter(({ state }) => state === 'booked');
    if (!isRefund(booking)) return standing.length > 0 ? '12' : null;
    const backFen = standing.reduce((sum, { amountFen }) => sum + amountFen, 0);
    return backFen + booking.amountFen > original.amountFen ? '12' : null;
  }

  book(name: RequestName, booking: Booking, original?: Booking): void {
    this.#bookings.set(keyOf(name), booking);
    this.#originals.set(originalKeyOf(name), booking);
    if (original === undefined) return;
    const about = this.#about.get(original);
    if (about === undefined) this.#about.set(original, [booking]);
    else about.push(booking);
  }

  /** `25` when there is nothing to reverse; then a late original is refused. */
  reverse(name: RequestName): '00' | '25' {
    this.reversals++;
    const booking = this.#bookings.get(keyOf(name));
    if (booking === undefined) {
      this.#blocked.add(keyOf(name));
      return '25';
    }
    booking.state = 'reversed';
    return '00';
  }

  get bookings(): Booking[] {
    return [...this.#bookings.values()];
  }

  /** What the bank owes the hospital for everything that stands. */
  get owedFen(): number {
    const standing = this.bookings.filter(({ state }) => state === 'booked');
    return standing.reduce((sum, { owedFen }) => sum + owedFen, 0);
  }

  /** The same by card number. */
  owedByCard(): Map<string, number> {
    const owed = new Map<string, number>();
    for (const { cardNumber, owedFen, state } of this.#bookings.values()) {
      if (state === 'booked') owed.set(cardNumber, (owed.get(cardNumber) ?? 0) + owedFen);
    }
    return owed;
  }

  toJSON() {
    const { bookings, owedFen, reversals } = this;
    const standing = bookings.filter(({ state }) => state === 'booked').length;
    return {
      owedFen,
      standing,
      reversed: bookings.length - standing,
      reversals,
      bookings: bookings.map(({ cardNumber, ...rest }) => ({
        ...rest,
        cardNumber: `${cardNumber.slice(0, 6)}******${cardNumber.slice(-4)}`,
      })),
    };
  }
}

function isRefund({ messageType, owedFen }: Booking): boolean {
  return messageType === '0220' && owedFen < 0;
}

function originalKeyOf({ messageType, traceNumber, transmitted }: OriginalName): string {
  return [messageType, traceNumber, transmitted].join('|');
}

function keyOf({ terminalId, ...name }: RequestName): string {
  return `${originalKeyOf(name)}|${terminalId.trim()}`;
}
