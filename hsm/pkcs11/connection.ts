import { resolve } from 'node:path';
import { HsmError } from '../errors.ts';
import type { Pkcs11Config } from '../types.ts';
import type { Handle, PKCS11 } from './binding.ts';
import type { Capabilities } from './capabilities.ts';
import { discover } from './capabilities.ts';
import { CKR } from './constants.ts';
import { type EmbeddedToken, presentToken, withEmbeddedToken } from './embedded.ts';
import { cryptokiCode, isLost, translate } from './errors.ts';
import { type MakeMasters, MasterSets } from './masters.ts';
import type { LoadedModule, ModulePlace } from './module.ts';
import { initialisation, initialise, loadModule, locateModule } from './module.ts';
import { OpenStreams } from './open-streams.ts';
import type { ObjectSpec } from './templates.ts';
import { secretKeyTemplate } from './templates.ts';
import type { TokenPlace } from './token.ts';
import { findToken, openSession } from './token.ts';

const DEFAULT_OPEN_STREAMS = 1024;
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 5_000;

interface ConnectionPlace extends ModulePlace {
  token: EmbeddedToken | undefined;
  /** The embedded token is to be made. */
  isNew: boolean;
}

/**
 * One thread's session with a token. A lost session or token is opened anew within the call that
 * noticed it; when that fails the call is refused (`unavailable`), and calls are refused at once
 * until the next try is due.
 */
export class Connection {
  readonly module: PKCS11;
  readonly #config: Pkcs11Config;
  readonly #place: ConnectionPlace;
  readonly streams: OpenStreams;
  token: TokenPlace;
  session: Handle;
  readonly masters: MasterSets;
  capabilities: Capabilities;
  /** Grows with every new session: handles of an older one are worth nothing. */
  generation = 1;
  reconnects = 0;
  problem: string | undefined;
  #retryAtMs = 0;
  #retryWaitMs = RETRY_FIRST_MS;

  static async open(config: Pkcs11Config, make?: MakeMasters): Promise<Connection> {
    const place = locateModule(config.module);
    const open = async (token: EmbeddedToken | undefined, isNew: boolean) => {
      const loaded = await loadModule(place.path, token);
      return new Connection(loaded, config, { ...place, token, isNew }, make);
    };
    if (config.dataDir === undefined || place.kind === undefined) return open(undefined, false);
    const folder = resolve(config.dataDir);
    const mayMake = make === undefined ? config.masters !== 'ceremony' : make.number === 1;
    return withEmbeddedToken({ kind: place.kind, folder }, mayMake, open);
  }

  private constructor(
    { module, startedHere }: LoadedModule,
    config: Pkcs11Config,
    place: ConnectionPlace,
    make: MakeMasters | undefined,
  ) {
    this.module = module;
    this.#config = config;
    this.#place = place;
    try {
      this.token = findToken(module, config, place.token, place.isNew && startedHere);
      this.session = openSession(module, this.token);
      this.capabilities = discover(module, this.token.slot, this.session, config.mechanisms);
      this.masters = new MasterSets(this, place.kind === 'nss');
      this.masters.findOrMake(config.masters, make);
    } catch (error) {
      throw translate(error, `open the token of ${place.path}`);
    }
    const limit = config.openStreams ?? DEFAULT_OPEN_STREAMS;
    this.streams = new OpenStreams(this, this.capabilities.streams ? limit : 0);
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

  /** The masters that the token holds now, as far as it can be asked; the newest last. */
  masterNumbers(): number[] {
    try {
      return this.run('look for masters', () => this.masters.lookForNewer());
    } catch {
      return this.masters.numbers;
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
      const { token } = this.#place;
      if (token !== undefined) presentToken(token);
      initialise(module, initialisation(token));
      this.token = findToken(module, this.#config, token, false);
      this.session = openSession(this.module, this.token);
      if (!this.masters.find()) this.#refuseStrangeToken();
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
}

/** True when a token says that it has no room for another object or session. */
export function isFull(error: unknown): boolean {
  const code = cryptokiCode(error);
  return code === CKR.DEVICE_MEMORY || code === CKR.SESSION_COUNT;
}
