/** What the reader and the PIN pad of a simulated terminal put into a request. */
import type { Fields, SimulatedCard } from './exchange.ts';
import type { TerminalKeys } from './terminal-keys.ts';

const NO_PIN = Buffer.alloc(8);
const SM4_PIN_TAG = Buffer.from('SM016', 'latin1');

export class CardFields {
  readonly #keys: TerminalKeys;
  readonly #encryptsTracks: boolean;

  constructor(keys: TerminalKeys, encryptsTracks: boolean) {
    this.#keys = keys;
    this.#encryptsTracks = encryptsTracks;
  }

  /** A card that is swiped, with its PIN when it has one. */
  async ofSwipe(card: SimulatedCard): Promise<Fields> {
    const base = { 2: card.number, ...(await this.ofTrack(card)) };
    if (card.pin === undefined) return { ...base, 22: '022' };
    const pinBlock = await this.#keys.pinBlock(card.pin, card.number);
    const entered = { ...base, 22: '021', 26: '12', 53: this.#securityControl('2') };
    if (this.#keys.algorithm === '3des') return { ...entered, 52: pinBlock };
    // A block of 16 bytes has no room in field 52: it goes into field 63, as one maker has it.
    return { ...entered, 52: NO_PIN, 63: Buffer.concat([SM4_PIN_TAG, pinBlock]) };
  }

  /** Track 2, in the clear or under the track key of the sign-in. */
  async ofTrack(card: SimulatedCard): Promise<Fields> {
    const track = track2(card);
    if (!this.#encryptsTracks) return { 35: track };
    return { 35: await this.#keys.encryptTrack(track), 53: this.#securityControl('0') };
  }

  /** Field 53: the form of the PIN, the algorithm, and whether tracks are encrypted. */
  #securityControl(pinFormat: '0' | '2'): string {
    const algorithm = this.#keys.algorithm === 'sm4' ? '4' : '6';
    return `${pinFormat}${algorithm}${this.#encryptsTracks ? '1' : '0'}`.padEnd(16, '0');
  }
}

function track2({ number, expiry }: SimulatedCard): string {
  return `${number}D${expiry}2010000000000`.slice(0, 37);
}
