/** The bank's side of the keys: it makes ZPK and ZAK, and gives them out under the ZMK. */
import type { Hsm, MacAlgorithm, StoredKey } from '../../hsm/types.ts';
import { field48ZoneKeys } from '../../protocols/dialects/bank-host.ts';

export class BankKeys {
  readonly #hsm: Hsm;
  readonly #masterKey: StoredKey;
  readonly #algorithm: MacAlgorithm;
  #pin: StoredKey | null = null;
  #mac: StoredKey | null = null;

  private constructor(hsm: Hsm, masterKey: StoredKey, algorithm: MacAlgorithm) {
    this.#hsm = hsm;
    this.#masterKey = masterKey;
    this.#algorithm = algorithm;
  }

  static async inject(hsm: Hsm, masterKeyHex: string, algorithm: MacAlgorithm): Promise<BankKeys> {
    const spec = { algorithm: '3des', purpose: 'kek' } as const;
    const masterKey = await hsm.importKey(spec, [Buffer.from(masterKeyHex, 'hex')]);
    return new BankKeys(hsm, masterKey, algorithm);
  }

  get ready(): boolean {
    return this.#mac !== null;
  }

  /** New keys; field 48 of the message that gives them out. */
  async renew(): Promise<string> {
    this.#pin = await this.#hsm.generateKey({ algorithm: '3des', purpose: 'pin' });
    this.#mac = await this.#hsm.generateKey({ algorithm: '3des', purpose: 'mac' });
    return field48ZoneKeys.format({
      pin: await this.#hsm.exportKey(this.#pin, this.#masterKey),
      mac: await this.#hsm.exportKey(this.#mac, this.#masterKey),
    });
  }

  async mac(input: Uint8Array): Promise<Uint8Array> {
    const mac = await this.#hsm.generateMac(this.#mac!, this.#algorithm, input);
    return mac.subarray(0, 8);
  }

  async isRight(input: Uint8Array, mac: Uint8Array): Promise<boolean> {
    if (this.#mac === null) return false;
    return this.#hsm.verifyMac(this.#mac, this.#algorithm, input, mac);
  }

  /** Whether the block opens to this PIN: what the bank's own HSM would compare. */
  async pinIs(pin: string, pinBlock: Uint8Array, pan: string): Promise<boolean> {
    const expected = await this.#hsm.encryptPin(this.#pin!, { format: 0, pin, pan });
    return Buffer.compare(Buffer.from(expected), Buffer.from(pinBlock)) === 0;
  }
}
