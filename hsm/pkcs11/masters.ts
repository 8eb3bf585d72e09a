import { masterFromComponents } from '../ceremony.ts';
import { HsmError } from '../errors.ts';
import type { MasterPolicy } from '../types.ts';
import type { Handle, PKCS11 } from './binding.ts';
import { CKA, CKK, CKM, CKO_SECRET_KEY } from './constants.ts';
import type { ObjectSpec } from './templates.ts';
import { secretKeyTemplate } from './templates.ts';

/** Permanent keys of the token that belong together, AES-256 each, none of them extractable. */
export interface MasterSet {
  /** Wraps and unwraps keys that never leave the token. It cannot decrypt data. */
  wrapping: Handle;
  /** Wraps keys whose bytes this process has to touch; see the health page for which. */
  touching: Handle;
  /** Binds algorithm, purpose and version to a wrapped key. */
  binding: Handle;
}

const MASTER_KEYS: Record<keyof MasterSet, Omit<ObjectSpec, 'label'>> = {
  wrapping: { keyType: CKK.AES, lengthBytes: 32, wrap: true, unwrap: true },
  touching: {
    keyType: CKK.AES,
    lengthBytes: 32,
    wrap: true,
    unwrap: true,
    encrypt: true,
    decrypt: true,
  },
  binding: { keyType: CKK.AES, lengthBytes: 32, sign: true, encrypt: true },
};

const NAMES = Object.keys(MASTER_KEYS) as (keyof MasterSet)[];
const LABEL = /^posp (wrapping|touching|binding) master (\d{1,3})$/;
/** A cryptogram names its master in one byte. */
const HIGHEST_NUMBER = 255;
const FOUND_AT_ONCE = 64;

export const NO_MASTERS =
  'has no master keys: run posp hsm ceremony master, or posp serve on a new data folder where they may be random';

/** What a ceremony or a change of masters asks for. Without `combined` they are random. */
export interface MakeMasters {
  combined?: Uint8Array | undefined;
  /** The number to make. The token must not have it yet, and 1 is for a token that has none. */
  number: number;
}

/** What the sets need of a connection: its session may be renewed. */
interface Place {
  readonly module: PKCS11;
  readonly session: Handle;
}

/**
 * The masters that a token holds, by number. New keys are wrapped under the newest. Another process
 * may make a set at any time: it is found when a key names it, and is the newest from then on.
 */
export class MasterSets {
  readonly #place: Place;
  /**
   * NSS derives the key of its database anew, some 6 ms, whenever it uses a permanent object. A
   * copy in the session, as sensitive as the original, is used instead.
   */
  readonly #inSession: boolean;
  readonly #sets = new Map<number, MasterSet>();

  constructor(place: Place, inSession: boolean) {
    this.#place = place;
    this.#inSession = inSession;
  }

  get numbers(): number[] {
    return [...this.#sets.keys()].sort((a, b) => a - b);
  }

  /** 0: there is none. */
  get newest(): number {
    return Math.max(0, ...this.#sets.keys());
  }

  /** Throws `tampered` when the token does not hold it. */
  get(number: number): MasterSet {
    const known = this.#sets.get(number) ?? this.#lookFor(number);
    if (known !== undefined) return known;
    throw new HsmError('tampered', `the token does not hold master key ${number}`);
  }

  /** Takes note of sets that were made since, and gives the numbers, the newest last. */
  lookForNewer(): number[] {
    while (this.newest < HIGHEST_NUMBER && this.#lookFor(this.newest + 1) !== undefined);
    return this.numbers;
  }

  /** Finds what the session's token holds. False when it has no whole set. */
  find(): boolean {
    this.#sets.clear();
    const handles = this.#allHandles();
    for (const [number, found] of handles) {
      const { wrapping, touching, binding } = found;
      // A set that is not whole is being made by somebody else now.
      if (wrapping === undefined || touching === undefined || binding === undefined) continue;
      this.#sets.set(number, this.#usable({ wrapping, touching, binding }));
    }
    if (this.#sets.size === 0 && handles.size > 0) {
      throw new HsmError('tampered', 'the token holds only some of the master keys');
    }
    return this.#sets.size > 0;
  }

  findOrMake(policy: MasterPolicy | undefined, make: MakeMasters | undefined): void {
    const found = this.find();
    if (found && make === undefined) return;
    if (!found && make === undefined && policy === 'look') return;
    if (!found && make === undefined && policy === 'ceremony') {
      throw new HsmError('no_masters', `the token ${NO_MASTERS}`);
    }
    const { number, combined } = make ?? { number: 1 };
    const isNext = found ? number === this.newest + 1 && number <= HIGHEST_NUMBER : number === 1;
    if (!isNext) {
      const text = found
        ? `has master keys already, the newest is ${this.newest}`
        : 'has no master keys yet';
      throw new HsmError('bad_input', `the token ${text}: master key ${number} cannot be made`);
    }
    for (const name of NAMES) this.#make(name, number, combined);
    if (!this.find() || !this.#sets.has(number)) {
      throw new HsmError('unsupported', 'the token does not keep the master keys it made');
    }
  }

  /** Removes a set from the token. The newest stays. */
  destroy(number: number): void {
    if (number === this.newest || !this.#sets.has(number)) {
      throw new HsmError('bad_input', `master key ${number} is the newest, or is not there`);
    }
    const { module, session } = this.#place;
    for (const handle of Object.values(this.#allHandles().get(number) ?? {})) {
      module.C_DestroyObject(session, handle);
    }
    this.#sets.delete(number);
  }

  #make(name: keyof MasterSet, number: number, combined: Uint8Array | undefined): void {
    const { module, session } = this.#place;
    const spec = MASTER_KEYS[name];
    const label = `posp ${name} master ${number}`;
    if (combined === undefined) {
      const template = secretKeyTemplate({ ...spec, label });
      module.C_GenerateKey(session, { mechanism: CKM.AES_KEY_GEN }, template);
      return;
    }
    const value = masterFromComponents(combined, name, number);
    const { lengthBytes: _, ...use } = spec;
    module.C_CreateObject(session, secretKeyTemplate({ ...use, label, value }));
    value.fill(0);
  }

  #lookFor(number: number): MasterSet | undefined {
    const handles = NAMES.map((name) => this.#byLabel(`posp ${name} master ${number}`));
    const [wrapping, touching, binding] = handles;
    if (wrapping === undefined || touching === undefined || binding === undefined) return undefined;
    const set = this.#usable({ wrapping, touching, binding });
    this.#sets.set(number, set);
    return set;
  }

  #usable({ wrapping, touching, binding }: MasterSet): MasterSet {
    if (!this.#inSession) return { wrapping, touching, binding };
    const { module, session } = this.#place;
    const [a, b, c] = [wrapping, touching, binding].map((permanent) =>
      module.C_CopyObject(session, permanent, [{ type: CKA.TOKEN, value: false }]),
    );
    return { wrapping: a!, touching: b!, binding: c! };
  }

  #byLabel(label: string): Handle | undefined {
    const found = this.#search(label);
    if (found.length > 1) {
      throw new HsmError('tampered', `the token holds two keys labelled ${label}`);
    }
    return found[0];
  }

  /** The handles of every master by number and name; two with one label are a token not to write to. */
  #allHandles(): Map<number, Partial<MasterSet>> {
    const { module, session } = this.#place;
    const sets = new Map<number, Partial<MasterSet>>();
    for (const handle of this.#search(undefined)) {
      const [attribute] = module.C_GetAttributeValue(session, handle, [{ type: CKA.LABEL }]);
      const label = Buffer.from((attribute?.value ?? '') as Buffer | string).toString();
      const [, name, digits] = LABEL.exec(label) ?? [];
      if (name === undefined) continue;
      const number = Number(digits);
      const set = sets.get(number) ?? {};
      if (set[name as keyof MasterSet] !== undefined) {
        throw new HsmError('tampered', `the token holds two keys labelled ${label}`);
      }
      set[name as keyof MasterSet] = handle;
      sets.set(number, set);
    }
    return sets;
  }

  /** Permanent secret keys, all of them or those of a label. */
  #search(label: string | undefined): Handle[] {
    const { module, session } = this.#place;
    const template = [
      { type: CKA.CLASS, value: CKO_SECRET_KEY },
      { type: CKA.TOKEN, value: true },
    ];
    const labelled = label === undefined ? [] : [{ type: CKA.LABEL, value: label }];
    module.C_FindObjectsInit(session, [...template, ...labelled]);
    const all: Handle[] = [];
    try {
      for (;;) {
        const found = module.C_FindObjects(session, FOUND_AT_ONCE);
        all.push(...found);
        if (found.length < FOUND_AT_ONCE) return all;
      }
    } finally {
      module.C_FindObjectsFinal(session);
    }
  }
}
