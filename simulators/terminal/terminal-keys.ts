/**
 * The keys inside a terminal: its master key from the factory, and the working keys of the last
 * sign-in, which it opens and checks against their check values.
 */
import type { Hsm, MacAlgorithm, StoredKey } from '../../hsm/types.ts';
import { field62WorkingKeys, type WrappedKey } from '../../protocols/dialects/cup-fields.ts';

export type TerminalAlgorithm = '3des' | 'sm4';

export class TerminalKeys {
  readonly algorithm: TerminalAlgorithm;
  readonly #hsm: Hsm;
  readonly #masterKey: StoredKey;
  #pin: StoredKey | null = null;
  #mac: StoredKey | null = null;
  #track: StoredKey | null = null;

  private constructor(hsm: Hsm, masterKey: StoredKey, algorithm: TerminalAlgorithm) {
    this.#hsm = hsm;
    this.#masterKey = masterKey;
    this.algorithm = algorithm;
  }

  /** Injects a master key given as hex, as the maker of the terminal does. */
  static async inject(
    hsm: Hsm,
    masterKeyHex: string,
    algorithm: TerminalAlgorithm,
  ): Promise<TerminalKeys> {
    const spec = { algorithm, purpose: 'kek' } as const;
    const masterKey = await hsm.importKey(spec, [Buffer.from(masterKeyHex, 'hex')]);
    return new TerminalKeys(hsm, masterKey, algorithm);
  }

  /** Takes field 62 of a sign-in answer. Throws HsmError `check_value_mismatch` for wrong keys. */
  async download(field62: Uint8Array, networkCode: string): Promise<void> {
    const layout = field62WorkingKeys.layoutOf(field62.length, networkCode);
    if (layout === undefined)
      throw new Error(`field 62 with ${field62.length} bytes holds no keys`);
    const keys = field62WorkingKeys.parse(field62, layout);
    this.#pin = await this.#open(keys.pin, 'pin');
    this.#mac = await this.#open(keys.mac, 'mac');
    this.#track = keys.track === undefined ? null : await this.#open(keys.track, 'data');
  }

  /** Field 64 over the body up to it. */
  async mac(input: Uint8Array): Promise<Uint8Array> {
    return this.#hsm.generateMac(this.#needed(this.#mac), this.#macAlgorithm, input);
  }

  async verifyMac(input: Uint8Array, mac: Uint8Array): Promise<boolean> {
    return this.#hsm.verifyMac(this.#needed(this.#mac), this.#macAlgorithm, input, mac);
  }

  /** The PIN with the card number, format 0: 8 bytes under 3DES, 16 under SM4. */
  async pinBlock(pin: string, pan: string): Promise<Uint8Array> {
    return this.#hsm.encryptPin(this.#needed(this.#pin), { format: 0, pin, pan });
  }

  /** Track 2 or 3 under the track key, as field 53 digit 3 = 1 announces it. */
  async encryptTrack(track: string): Promise<string> {
    return this.#hsm.encryptTrack(this.#needed(this.#track), track);
  }

  get #macAlgorithm(): MacAlgorithm {
    return this.algorithm === 'sm4' ? 'cup-sm4' : 'cup-ecb';
  }

  async #open(
    { wrapped, checkValue }: WrappedKey,
    purpose: 'pin' | 'mac' | 'data',
  ): Promise<StoredKey> {
    const single = this.algorithm === '3des' && wrapped.length === 8;
    const algorithm = single ? 'des' : this.algorithm;
    const expected = Buffer.from(checkValue).toString('hex');
    return this.#hsm.importWrapped({ algorithm, purpose }, this.#masterKey, wrapped, expected);
  }

  #needed(key: StoredKey | null): StoredKey {
    if (key === null) throw new Error('the terminal has not signed in');
    return key;
  }
}
