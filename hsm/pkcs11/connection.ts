import type { Handle, PKCS11 } from 'pkcs11js';
import { masterFromComponents } from '../ceremony.ts';
import { HsmError } from '../errors.ts';
import type { Pkcs11Config } from '../types.ts';
import type { Capabilities } from './capabilities.ts';
import { discover } from './capabilities.ts';
import { CbcStreams } from './cbc-streams.ts';
import { CKA, CKK, CKM, CKO_SECRET_KEY, CKR } from './constants.ts';
import { cryptokiCode, isLost, translate } from './errors.ts';
import type { LoadedModule, ModulePlace } from './module.ts';
import { initialisation, initialise, loadModule, locateModule } from './module.ts';
import type { ObjectSpec } from './templates.ts';
import { secretKeyTemplate } from './templates.ts';
import type { TokenPlace } from './token.ts';
import { findToken, openSession } from './token.ts';

/** The permanent keys of the token, AES-256 each, none of them extractable. */
export interface Masters {
  /** Wraps and unwraps keys that never leave the token. It cannot decrypt data. */
  wrapping: Handle;
  /** Wraps keys whose bytes this process has to touch; see the health page for which. */
  touching: Handle;
  /** Binds algorithm, purpose and version to a wrapped key. */
  binding: Handle;
}

const MASTERS: Record<keyof Masters, Omit<ObjectSpec, 'label'>> = {
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

const DEFAULT_OPEN_STREAMS = 1024;
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 5_000;

/**
 * One thread's session with a token. A lost session or token is opened anew within the call that
 * noticed it; when that fails the call is refused (`unavailable`), and calls are refused at once
 * until the next try is due.
 */
export class Connection {
  readonly module: PKCS11;
  readonly #config: Pkcs11Config;
  readonly #place: ModulePlace;
  readonly streams: CbcStreams;
  token: TokenPlace;
  session: Handle;
  masters: Masters;
  capabilities: Capabilities;
  /** Grows with every new session: handles of an older one are worth nothing. */
  generation = 1;
  reconnects = 0;
  problem: string | undefined;
  #retryAtMs = 0;
  #retryWaitMs = RETRY_FIRST_MS;

  /** With `combined` the token must have no masters yet: they are made from it (ceremony.ts). */
  static async open(config: Pkcs11Config, combined?: Uint8Array): Promise<Connection> {
    const place = locateModule(config.module);
    const loaded = await loadModule(place, config.dataDir);
    return new Connection(loaded, config, place, combined);
  }

  private constructor(
    loaded: LoadedModule,
    config: Pkcs11Config,
    place: ModulePlace,
    combined: Uint8Array | undefined,
  ) {
    const { module, startedHere } = loaded;
    this.module = module;
    this.#config = config;
    this.#place = place;
    try {
      this.token = findToken(module, config, place.kind, startedHere);
      this.session = openSession(module, this.token);
      this.capabilities = discover(module, this.token.slot, this.session, config.mechanisms);
      this.masters = this.#findOrCreateMasters(combined);
    } catch (error) {
      throw translate(error, `open the token of ${place.path}`);
    }
    const limit = config.openStreams ?? DEFAULT_OPEN_STREAMS;
    this.streams = new CbcStreams(this, this.capabilities.streams ? limit : 0);
  }

  get modulePath(): string {
    return this.#place.path;
  }

  /** Runs one piece of work; a loss in the middle is repaired once and the work done again. */
  run<T>(doing: string, work: (session: Handle) => T): T {
    if (this.problem !== undefined) this.#reconnect();
    try {
      return work(this.session);
    } catch (error) {
      if (!isLost(error)) throw translate(error, doing);
      this.problem = translate(error, doing).message;
      this.#reconnect();
    }
    try {
      return work(this.session);
    } catch (error) {
      throw translate(error, doing);
    }
  }

  createObject(spec: ObjectSpec): Handle {
    return this.run('create a key object', (session) =>
      this.module.C_CreateObject(session, secretKeyTemplate(spec)),
    );
  }

  destroyObject(handle: Handle): void {
    try {
      this.module.C_DestroyObject(this.session, handle);
    } catch {
      // The object went with its session.
    }
  }

  close(): void {
    this.streams.close();
    try {
      this.module.C_CloseSession(this.session);
    } catch {
      // The session is gone already; other threads may still use the module, so it stays initialised.
    }
  }

  #reconnect(): void {
    const nowMs = performance.now();
    if (nowMs < this.#retryAtMs) throw new HsmError('unavailable', `token lost: ${this.problem}`);
    try {
      this.#discardSession();
      const { module } = this;
      initialise(module, initialisation(this.#place, this.#config.dataDir));
      this.token = findToken(module, this.#config, this.#place.kind, false);
      this.session = openSession(this.module, this.token);
      this.masters = this.#findMasters() ?? this.#refuseStrangeToken();
    } catch (error) {
      this.#retryAtMs = nowMs + this.#retryWaitMs;
      this.#retryWaitMs = Math.min(2 * this.#retryWaitMs, RETRY_LONGEST_MS);
      const translated = translate(error, 'open the token again');
      this.problem = translated.message;
      throw new HsmError('unavailable', translated.message);
    }
    this.generation++;
    this.reconnects++;
    this.problem = undefined;
    this.#retryAtMs = 0;
    this.#retryWaitMs = RETRY_FIRST_MS;
  }

  #discardSession(): void {
    this.streams.close();
    try {
      this.module.C_CloseSession(this.session);
    } catch {
      // It is lost: that is why we are here.
    }
  }

  #refuseStrangeToken(): never {
    throw new HsmError('token_not_found', 'the token that came back does not hold the master keys');
  }

  #findOrCreateMasters(combined: Uint8Array | undefined): Masters {
    const found = this.#findMasters();
    if (found !== undefined) {
      if (combined === undefined) return found;
      throw new HsmError('bad_input', 'the token has master keys already: they are not replaced');
    }
    if (combined === undefined && this.#config.masters === 'ceremony') {
      throw new HsmError('token_not_found', 'the token has no master keys: run posp hsm ceremony');
    }
    for (const [name, spec] of Object.entries(MASTERS)) this.#createMaster(name, spec, combined);
    const created = this.#findMasters();
    if (created === undefined) {
      throw new HsmError('unsupported', 'the token does not keep the master keys it made');
    }
    return created;
  }

  #createMaster(
    name: string,
    spec: Omit<ObjectSpec, 'label'>,
    combined: Uint8Array | undefined,
  ): void {
    const { module, session } = this;
    const label = masterLabel(name);
    if (combined === undefined) {
      const template = secretKeyTemplate({ ...spec, label });
      module.C_GenerateKey(session, { mechanism: CKM.AES_KEY_GEN }, template);
      return;
    }
    const value = masterFromComponents(combined, name);
    const { keyType, wrap, unwrap, encrypt, decrypt, sign } = spec;
    const use = { wrap, unwrap, encrypt, decrypt, sign };
    const given = Object.fromEntries(Object.entries(use).filter(([, allowed]) => allowed));
    module.C_CreateObject(session, secretKeyTemplate({ keyType, label, value, ...given }));
    value.fill(0);
  }

  /** All three or none; a token that holds a part of them is not one to write to. */
  #findMasters(): Masters | undefined {
    const handles = Object.keys(MASTERS).map((name) => this.#findByLabel(masterLabel(name)));
    if (handles.every((handle) => handle === undefined)) return undefined;
    const [wrapping, touching, binding] = handles;
    if (wrapping === undefined || touching === undefined || binding === undefined) {
      throw new HsmError('tampered', 'the token holds only some of the master keys');
    }
    return this.#place.kind === 'nss'
      ? {
          wrapping: this.#sessionCopy(wrapping),
          touching: this.#sessionCopy(touching),
          binding: this.#sessionCopy(binding),
        }
      : { wrapping, touching, binding };
  }

  /**
   * NSS derives the key of its database anew, some 6 ms, whenever it uses a permanent object. A
   * copy in the session, as sensitive as the original, is used instead.
   */
  #sessionCopy(permanent: Handle): Handle {
    return this.module.C_CopyObject(this.session, permanent, [{ type: CKA.TOKEN, value: false }]);
  }

  #findByLabel(label: string): Handle | undefined {
    this.module.C_FindObjectsInit(this.session, [
      { type: CKA.CLASS, value: CKO_SECRET_KEY },
      { type: CKA.TOKEN, value: true },
      { type: CKA.LABEL, value: label },
    ]);
    try {
      const found = this.module.C_FindObjects(this.session, 2);
      if (found.length > 1) {
        throw new HsmError('tampered', `the token holds two keys labelled ${label}`);
      }
      return found[0];
    } finally {
      this.module.C_FindObjectsFinal(this.session);
    }
  }
}

function masterLabel(name: string): string {
  return `posp ${name} master 1`;
}

/** True when a token says that it has no room for another object or session. */
export function isFull(error: unknown): boolean {
  const code = cryptokiCode(error);
  return code === CKR.DEVICE_MEMORY || code === CKR.SESSION_COUNT;
}
