/** Callers of the API for tests: a client that signs, an operator with a session. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Served } from '../support/serve.ts';

export interface Answer {
  status: number;
  body: Record<string, never> & { [name: string]: unknown };
  text: string;
  headers: Record<string, string>;
}

export interface CallOptions {
  body?: unknown;
  /** The body as it is, in place of JSON. */
  raw?: string | Uint8Array;
  idempotencyKey?: string;
  /** Several values are several lines of one name. */
  headers?: Record<string, string | string[]>;
}

/** Sends a call as it is. */
export function send(
  served: Served,
  method: string,
  path: string,
  { body, raw, idempotencyKey, headers = {} }: CallOptions = {},
): Promise<Answer> {
  const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const length = sent === undefined ? 0 : Buffer.byteLength(sent);
  const all = {
    ...(sent === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': length }),
    ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
    ...headers,
  };
  // Not fetch: it would tidy the path up before it sends it.
  const address = { host: '127.0.0.1', port: served.httpPort, method, path, headers: all };
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...address, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part: string) => {
        text += part;
      });
      incoming.on('end', () => {
        const headersOf = incoming.headers as Record<string, string>;
        resolve({ status: incoming.statusCode ?? 0, text, body: parsed(text), headers: headersOf });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(sent);
  });
}

function parsed(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

export interface Signing {
  client?: string;
  key?: string;
  algorithm?: 'HMAC-SM3' | 'HMAC-SHA256';
  timestamp?: number;
  nonce?: string;
}

/** The header as docs/api.md describes it, written here a second time from that page. */
export function authorization(
  method: string,
  path: string,
  { body, raw, idempotencyKey = '' }: CallOptions = {},
  signing: Signing = {},
): string {
  const { client = 'his', key = 'sample-his-key', algorithm = 'HMAC-SM3' } = signing;
  const timestamp = String(signing.timestamp ?? Math.floor(Date.now() / 1_000));
  const nonce = signing.nonce ?? randomBytes(12).toString('hex');
  const digest = algorithm === 'HMAC-SM3' ? 'sm3' : 'sha256';
  const sent = raw ?? (body === undefined ? '' : JSON.stringify(body));
  const [target = '', query = ''] = path.split('?');
  const hash = createHash(digest).update(sent).digest('hex');
  const lines = [algorithm, method, target, query, hash, timestamp, nonce, idempotencyKey];
  const signature = createHmac(digest, key).update(lines.join('\n')).digest('hex');
  return `${algorithm} client=${client},timestamp=${timestamp},nonce=${nonce},signature=${signature}`;
}

/** A signed call. */
export function call(
  served: Served,
  method: string,
  path: string,
  options: CallOptions = {},
  signing: Signing = {},
): Promise<Answer> {
  const headers = {
    Authorization: authorization(method, path, options, signing),
    ...options.headers,
  };
  return send(served, method, path, { ...options, headers });
}

export type Session = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

/** Signs an operator in; the answer makes calls in the session. */
export async function signIn(served: Served, operator: string, password: string): Promise<Session> {
  const { body, status, text } = await send(served, 'POST', '/v1/sessions', {
    body: { operator, password },
  });
  if (status !== 200) throw new Error(`${operator} cannot sign in: ${text}`);
  const headers = { Authorization: `Bearer ${String(body['token'])}` };
  return (method, path, options = {}) => send(served, method, path, { ...options, headers });
}

export const ADMIN_PASSWORD = 'correct horse battery';

/** The operator `admin` behind the change of the first password. */
export async function adminOf(served: Served): Promise<Session> {
  const first = /to be changed\): (\S+)/.exec(served.log())?.[1] ?? '';
  const fresh = await signIn(served, 'admin', first);
  const { status, text } = await fresh('PUT', '/v1/sessions/current/password', {
    body: { currentPassword: first, newPassword: ADMIN_PASSWORD },
    idempotencyKey: 'first-password',
  });
  if (status !== 200) throw new Error(text);
  return signIn(served, 'admin', ADMIN_PASSWORD);
}

/** A new operator of the sample hospital behind the change of the first password. */
export async function newOperator(
  admin: Session,
  served: Served,
  id: string,
  roles: string[],
): Promise<Session> {
  const wanted = { title: id, institution: '4802', roles };
  const path = `/v1/operators/${id}`;
  const made = await admin('PUT', path, { body: wanted, idempotencyKey: `new-${id}` });
  const first = String(made.body['firstPassword']);
  const fresh = await signIn(served, id, first);
  const password = `a password of ${id}`;
  await fresh('PUT', '/v1/sessions/current/password', {
    body: { currentPassword: first, newPassword: password },
    idempotencyKey: 'first-password',
  });
  return signIn(served, id, password);
}
