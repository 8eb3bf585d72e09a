import { HsmError } from '../errors.ts';
import { type MakeMasters, NO_MASTERS } from '../pkcs11/masters.ts';
import { ProcessKey } from '../process-key.ts';
import type { SoftwareConfig } from '../types.ts';
import { KeyFile, newMasters } from './key-file.ts';

interface MasterSet {
  wrapping: Buffer;
  binding: ProcessKey;
}

/**
 * The masters of the software provider, by number. Another process may add one to the key file: it
 * is found when a key names it, and is the newest from then on.
 */
export class SoftwareMasterSets {
  readonly #file: KeyFile;
  readonly #sets = new Map<number, MasterSet>();

  constructor(config: SoftwareConfig, make: MakeMasters | undefined) {
    this.#file = new KeyFile(config);
    if (make !== undefined) this.#make(make);
    else if (!this.#file.exists) {
      if (config.masters === 'ceremony') {
        throw new HsmError('no_masters', `${config.name ?? 'software'} ${NO_MASTERS}`);
      }
      this.#file.create(newMasters(undefined, 1));
    }
    this.#read();
  }

  get newest(): number {
    return Math.max(...this.#sets.keys());
  }

  /** Throws `tampered` when the file does not hold it. */
  get(number: number): MasterSet {
    if (!this.#sets.has(number)) this.lookForNewer();
    const set = this.#sets.get(number);
    if (set !== undefined) return set;
    throw new HsmError('tampered', `the key file does not hold master key ${number}`);
  }

  /** Takes note of what another process did to the file, and gives the numbers, the newest last. */
  lookForNewer(): number[] {
    if (this.#file.changed) this.#read();
    return [...this.#sets.keys()].sort((a, b) => a - b);
  }

  /** Removes a set from the file. The newest stays. */
  destroy(number: number): void {
    if (number === this.newest || !this.#sets.has(number)) {
      throw new HsmError('bad_input', `master key ${number} is the newest, or is not there`);
    }
    const all = this.#file.read();
    all.delete(number);
    this.#file.replace(all);
    this.#sets.delete(number);
  }

  wipe(): void {
    for (const { wrapping, binding } of this.#sets.values()) {
      wrapping.fill(0);
      binding.wipe();
    }
  }

  #make({ combined, number }: MakeMasters): void {
    const all = this.#file.exists ? this.#file.read() : new Map();
    const newest = Math.max(0, ...all.keys());
    if (number !== newest + 1) {
      const text =
        newest === 0
          ? 'has no master keys yet'
          : `has master keys already, the newest is ${newest}`;
      throw new HsmError('bad_input', `the key file ${text}: master key ${number} cannot be made`);
    }
    const masters = newMasters(combined, number);
    if (number === 1) this.#file.create(masters);
    else this.#file.replace(all.set(number, masters));
  }

  #read(): void {
    for (const [number, { wrapping, binding }] of this.#file.read()) {
      if (!this.#sets.has(number)) {
        this.#sets.set(number, { wrapping, binding: new ProcessKey('aes', binding) });
      }
      binding.fill(0);
    }
  }
}
