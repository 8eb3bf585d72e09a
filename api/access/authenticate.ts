/** Who calls: a client by its signature, or an operator by a session. */

import type { Reader } from '../../ledger/reader.ts';
import { ApiProblem } from '../problem.ts';
import type { Caller } from '../route.ts';
import type { ApiRequest } from '../server.ts';
import { Nonces } from './nonces.ts';
import { permissionsOf } from './permissions.ts';
import { RateLimits } from './rate-limits.ts';
import { type ClientRecord, readRecord } from './records.ts';
import type { Secrets } from './secrets.ts';
import type { Sessions } from './sessions.ts';
import { parseSignature, type SignatureHeader, sameSignature, signatureOf } from './signature.ts';

/** How far a client's clock may be from ours. */
const WINDOW_SECONDS = 300;
const OPERATOR_RATE = 50;
/** Failed attempts a second of one address. */
const FAILURE_RATE = 10;
export const SESSION_COOKIE = 'posp_session';

export interface AccessParts {
  reader: Reader;
  secrets: Secrets;
  sessions: Sessions;
  /** Every permission that some route needs. */
  permissions: readonly string[];
  /** Milliseconds since 1970. */
  now: () => number;
}

export class Access {
  readonly #parts: AccessParts;
  readonly #nonces = new Nonces(WINDOW_SECONDS * 2);
  readonly #rates: RateLimits;
  readonly #keys = new Map<string, { encrypted: string; key: Uint8Array }>();
  /** The nonces of before the start are forgotten, so nothing that was signed before it is taken. */
  readonly #startedAtSeconds: number;

  constructor(parts: AccessParts) {
    this.#parts = parts;
    this.#rates = new RateLimits(parts.now);
    this.#startedAtSeconds = Math.floor(parts.now() / 1_000);
  }

  /** Throws ApiProblem: 401, 403 or 429. */
  async callerOf(request: ApiRequest): Promise<Caller> {
    try {
      const authorization = request.headers.get('authorization') ?? '';
      if (authorization.startsWith('HMAC-')) return await this.#client(request, authorization);
      return this.#operator(tokenOf(request));
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) this.limitFailures(request);
      throw error;
    }
  }

  /** Throws 429 when an address has failed too often. */
  limitFailures({ remoteAddress }: ApiRequest): void {
    this.#limit(`failures of ${remoteAddress}`, FAILURE_RATE);
  }

  async #client(request: ApiRequest, authorization: string): Promise<Caller> {
    const header = parseSignature(authorization);
    if (header === null)
      throw unauthorized('bad_signature', 'The Authorization header is not one.');
    const { reader } = this.#parts;
    const client = readRecord(reader.registry, 'client', header.client)?.value ?? null;
    const isRight = client !== null && (await this.#isSigned(request, header, client));
    if (!isRight || client.status !== 'active') {
      throw unauthorized('bad_signature', 'The client or the signature is wrong.');
    }
    this.#limit(`client ${client.id}`, client.ratePerSecond);
    this.#checkFresh(header);
    return this.#caller(`client:${client.id}`, client.institution, client.roles);
  }

  async #isSigned(request: ApiRequest, header: SignatureHeader, client: ClientRecord) {
    const { method, path, query, body, headers } = request;
    const idempotencyKey = headers.get('idempotency-key') ?? '';
    const key = await this.#keyOf(client);
    const call = { method, path, query, body, idempotencyKey };
    return sameSignature(signatureOf(key, header, call), header.signature);
  }

  /** The key in the clear, as long as the record is the same. */
  async #keyOf({ id, encryptedKey }: ClientRecord): Promise<Uint8Array> {
    const known = this.#keys.get(id);
    if (known?.encrypted === encryptedKey) return known.key;
    const key = await this.#parts.secrets.decrypt(encryptedKey);
    this.#keys.set(id, { encrypted: encryptedKey, key });
    return key;
  }

  #checkFresh({ client, timestamp, nonce }: SignatureHeader): void {
    const nowSeconds = Math.floor(this.#parts.now() / 1_000);
    const seconds = Number(timestamp);
    if (Math.abs(nowSeconds - seconds) > WINDOW_SECONDS) {
      const detail = `The timestamp is more than ${WINDOW_SECONDS} seconds from ${nowSeconds}.`;
      throw unauthorized('signature_expired', detail);
    }
    if (seconds < this.#startedAtSeconds) {
      throw unauthorized('signature_expired', 'The call was signed before this server started.');
    }
    const verdict = this.#nonces.use(client, nonce, nowSeconds);
    if (verdict === 'used') throw unauthorized('signature_replayed', 'The nonce was used before.');
    if (verdict === 'full') throw tooMany(1);
  }

  #operator(token: string | null): Caller {
    if (token === null) {
      throw unauthorized('not_signed', 'This call needs a signature or a session.');
    }
    const { sessions, reader } = this.#parts;
    const id = sessions.use(token);
    const operator = id === null ? null : readRecord(reader.registry, 'operator', id)?.value;
    if (operator == null || operator.status !== 'active') {
      throw unauthorized('session_over', 'There is no such session: sign in again.');
    }
    this.#limit(`operator ${operator.id}`, OPERATOR_RATE);
    const roles = operator.mustChangePassword ? [] : operator.roles;
    return this.#caller(`operator:${operator.id}`, operator.institution, roles);
  }

  #caller(id: string, institution: string, roles: readonly string[]): Caller {
    const { permissions, reader } = this.#parts;
    return { id, institution, permissions: permissionsOf(roles, permissions, reader.registry) };
  }

  #limit(name: string, perSecond: number): void {
    const waitSeconds = this.#rates.take(name, perSecond);
    if (waitSeconds > 0) throw tooMany(waitSeconds);
  }
}

/** The session's token: `Authorization: Bearer …`, or the cookie. */
export function tokenOf({ headers }: ApiRequest): string | null {
  const bearer = /^Bearer ([A-Za-z0-9_-]{20,64})$/.exec(headers.get('authorization') ?? '');
  if (bearer !== null) return bearer[1]!;
  const cookies = (headers.get('cookie') ?? '').split(/; */);
  const cookie = cookies.find((one) => one.startsWith(`${SESSION_COOKIE}=`));
  return cookie === undefined ? null : cookie.slice(SESSION_COOKIE.length + 1);
}

function unauthorized(code: string, detail: string): ApiProblem {
  const headers = { 'WWW-Authenticate': 'HMAC-SM3, HMAC-SHA256, Bearer' };
  return new ApiProblem(401, code, detail, { headers });
}

function tooMany(seconds: number): ApiProblem {
  const headers = { 'Retry-After': String(seconds) };
  return new ApiProblem(429, 'too_many_calls', 'Too many calls: wait a little.', { headers });
}
