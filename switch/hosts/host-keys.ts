/** The keys between us and one host: the ZMK of the registry, and ZPK and ZAK of the last sign-on. */
import type { Hsm, MacAlgorithm, StoredKey } from '../../hsm/types.ts';
import { field48ZoneKeys } from '../../protocols/dialects/bank-host.ts';
import type { TerminalPin } from './messages.ts';

interface WorkingKeys {
  pin: StoredKey;
  mac: StoredKey;
}

export class HostKeys {
  readonly #hsm: Hsm;
  readonly #masterKey: () => StoredKey | null;
  readonly #algorithm: MacAlgorithm;
  #current: WorkingKeys | null = null;
  /** Still good for answers that were under way when the keys changed. */
  #previous: WorkingKeys | null = null;

  constructor(hsm: Hsm, masterKey: () => StoredKey | null, algorithm: MacAlgorithm) {
    this.#hsm = hsm;
    this.#masterKey = masterKey;
    this.#algorithm = algorithm;
  }

  get ready(): boolean {
    return this.#current !== null;
  }

  /** Takes field 48. Throws ProtocolError, or HsmError when a check value does not fit. */
  async take(field48: string): Promise<void> {
    const masterKey = this.#masterKey();
    if (masterKey === null) throw new Error('the registry has no ZMK of this host');
    const { pin, mac } = field48ZoneKeys.parse(field48);
    const spec = { algorithm: '3des' } as const;
    const before = this.#current;
    const keys = {
      pin: await this.#hsm.importWrapped(
        { ...spec, purpose: 'pin' },
        masterKey,
        pin.cryptogram,
        pin.checkValue,
      ),
      mac: await this.#hsm.importWrapped(
        { ...spec, purpose: 'mac' },
        masterKey,
        mac.cryptogram,
        mac.checkValue,
      ),
    };
    await this.#forget(this.#previous);
    this.#previous = before;
    this.#current = keys;
  }

  async mac(input: Uint8Array): Promise<Uint8Array> {
    const mac = await this.#hsm.generateMac(this.#needed.mac, this.#algorithm, input);
    return mac.subarray(0, 8);
  }

  async isRight(input: Uint8Array, mac: Uint8Array): Promise<boolean> {
    for (const keys of [this.#current, this.#previous]) {
      if (keys === null) continue;
      if (await this.#hsm.verifyMac(keys.mac, this.#algorithm, input, mac)) return true;
    }
    return false;
  }

  /** From the terminal's TPK to the ZPK, format 0, inside the HSM. Throws HsmError `bad_pin_block`. */
  async translatePin({ pinKey, format, pinBlock }: TerminalPin, pan: string): Promise<Uint8Array> {
    const from = { pinKey, format, pinBlock, pan };
    return this.#hsm.translatePin(from, { pinKey: this.#needed.pin, format: 0 });
  }

  get #needed(): WorkingKeys {
    if (this.#current === null) throw new Error('the host has given no keys yet');
    return this.#current;
  }

  async #forget(keys: WorkingKeys | null): Promise<void> {
    if (keys === null) return;
    await this.#hsm.forgetKey(keys.pin);
    await this.#hsm.forgetKey(keys.mac);
  }
}
