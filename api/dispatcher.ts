/**
 * From a request to a route's handler and back: who calls, may they, is what they sent what the route
 * takes. Everything that is wrong becomes a problem document; what is our own fault is logged with a
 * number that the caller gets, and nothing else of it leaves the process.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { jsonOf } from './json-body.ts';
import { ApiProblem, badRequest, forbidden, notFound } from './problem.ts';
import { type ApiResponse, json, problemOf } from './response.ts';
import {
  type Call,
  type Caller,
  FileAnswer,
  file,
  type Route,
  upload,
  WithHeaders,
} from './route.ts';
import { RouteTable } from './route-table.ts';
import type { ApiApplication, ApiRequest } from './server.ts';

/** Answers a path as it is, without callers and schemas: health, pages. */
export type PlainHandler = (request: ApiRequest) => Promise<ApiResponse> | ApiResponse;

/** Answers everything under a path itself: an interface with rules of its own, such as FHIR. */
export interface Mount {
  /** `/fhir`. */
  prefix: string;
  handle: PlainHandler;
  /** A problem in that interface's words. */
  refusal: (problem: ApiProblem) => ApiResponse;
}

export interface DispatcherParts {
  plain: ReadonlyMap<string, PlainHandler>;
  mounts?: readonly Mount[];
  routes: readonly Route[];
  /** Says who calls; throws ApiProblem when nobody known does. */
  authenticate: (request: ApiRequest) => Promise<Caller>;
  /** Runs a call that changes something: once, however often it is asked for. */
  changing: (change: ChangingCall) => Promise<unknown>;
  /** What was answered, for logs and metrics. */
  onAnswer: (answered: Answered) => void;
  onFault: (error: unknown, fault: { id: string; route: string }) => void;
}

export interface ChangingCall {
  route: { method: string; path: string; secretAnswer?: boolean };
  caller: Caller;
  request: ApiRequest;
  idempotencyKey: string;
  /** Runs the handler and gives what it answered, checked. */
  run: () => Promise<unknown>;
}

export interface Answered {
  /** `post /v1/cards`; the path as the route has it, so that there are only so many. */
  route: string;
  caller: string;
  status: number;
  durationMs: number;
  /** Of a refusal. */
  code?: string;
}

const JSON_BYTES_MAX = 64 << 10;
const UPLOAD_BYTES_MAX = 1 << 20;
/** Everything that can be printed, no spaces. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/;
const NOBODY: Caller = { id: 'nobody', institution: '', permissions: new Set() };

export class Dispatcher implements ApiApplication {
  readonly #parts: DispatcherParts;
  readonly #table: RouteTable;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#table = new RouteTable(parts.routes);
  }

  bodyBytesMax(method: string, path: string): number {
    try {
      const found = this.#table.find(method, path);
      return found !== null && 'route' in found ? bodyLimit(found.route) : JSON_BYTES_MAX;
    } catch {
      return JSON_BYTES_MAX;
    }
  }

  async handle(request: ApiRequest): Promise<ApiResponse> {
    const startedAtMs = performance.now();
    const answered: Answered = { route: 'none', caller: '', status: 0, durationMs: 0 };
    const response = await this.#responseTo(request, answered);
    answered.status = response.status;
    answered.durationMs = performance.now() - startedAtMs;
    this.#parts.onAnswer(answered);
    return response;
  }

  async #responseTo(request: ApiRequest, answered: Answered): Promise<ApiResponse> {
    try {
      const plain = this.#parts.plain.get(request.path);
      if (plain !== undefined) {
        answered.route = request.path;
        return await this.#plainResponse(plain, request);
      }
      const mount = this.#mountOf(request.path);
      if (mount !== undefined) {
        answered.route = mount.prefix;
        return await mount.handle(request);
      }
      return await this.#routeResponse(request, answered);
    } catch (error) {
      if (error instanceof ApiProblem) {
        answered.code = error.code;
        return problemOf(error);
      }
      const id = randomUUID();
      this.#parts.onFault(error, { id, route: answered.route });
      const detail = `A fault of this server; its log names it by ${id}.`;
      return problemOf(new ApiProblem(500, 'fault', detail));
    }
  }

  refusal(path: string, problem: ApiProblem): ApiResponse {
    const mount = this.#mountOf(path);
    return mount === undefined ? problemOf(problem) : mount.refusal(problem);
  }

  #mountOf(path: string): Mount | undefined {
    return this.#parts.mounts?.find(({ prefix }) => isUnder(path, prefix));
  }

  #plainResponse(plain: PlainHandler, request: ApiRequest): Promise<ApiResponse> | ApiResponse {
    if (request.method !== 'get' && request.method !== 'head') throw notAllowed(['GET']);
    return plain(request);
  }

  async #routeResponse(request: ApiRequest, answered: Answered): Promise<ApiResponse> {
    const found = this.#table.find(request.method, request.path);
    if (found === null) throw notFound();
    if ('allow' in found) throw notAllowed(found.allow);
    const { route, params } = found;
    answered.route = `${route.method} ${route.path}`;
    const caller = await this.#callerOf(request, route);
    answered.caller = caller.id;
    const call: Call<unknown, unknown, unknown> = {
      params: checked(route.params, params, 'params'),
      query: checked(route.query, queryOf(request), 'query'),
      body: checked(route.body, bodyOf(request, route), 'body'),
      caller,
      idempotencyKey: route.changes ? idempotencyKeyOf(request) : '',
      request,
    };
    const run = async () => answerOf(route, await route.handle(call));
    const { idempotencyKey } = call;
    const answer = route.changes
      ? await this.#parts.changing({ route, caller, request, idempotencyKey, run })
      : await run();
    return responseOf(answer);
  }

  async #callerOf(request: ApiRequest, route: Route): Promise<Caller> {
    if (route.permission === null && !route.changes) return NOBODY;
    const caller = await this.#parts.authenticate(request);
    if (route.permission !== null && !caller.permissions.has(route.permission)) {
      throw forbidden(`This needs the permission ${route.permission}.`);
    }
    return caller;
  }
}

function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** How long a body may be. */
function bodyLimit({ body, bodyBytesMax }: Route): number {
  return bodyBytesMax ?? (body === upload ? UPLOAD_BYTES_MAX : JSON_BYTES_MAX);
}

function queryOf({ query }: ApiRequest): Record<string, string> {
  const values: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(query)) {
    if (name in values) throw badRequest('bad_query', `${name} is given twice.`);
    values[name] = value;
  }
  return { ...values };
}

function bodyOf({ headers, body }: ApiRequest, route: Route): unknown {
  if (route.body === upload) return body;
  if (route.body === undefined) {
    if (body.length > 0) throw badRequest('bad_body', 'This call takes no body.');
    return undefined;
  }
  const type = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new ApiProblem(415, 'not_json', 'The body has to be application/json.');
  }
  const { value, repeated } = parsed(body);
  if (repeated === null) return value;
  throw invalid([{ field: `body.${repeated}`, message: 'is given twice' }]);
}

function parsed(body: Buffer): ReturnType<typeof jsonOf> {
  try {
    return jsonOf(body);
  } catch {
    throw badRequest('bad_body', 'The body is not JSON in UTF-8.');
  }
}

/** What the schema makes of it; unknown names are refused also when the schema does not say so. */
function checked(schema: z.ZodType | undefined, value: unknown, place: string): unknown {
  if (schema === undefined) {
    const names = Object.keys((value ?? {}) as object);
    if (names.length === 0) return {};
    throw invalid([{ field: `${place}.${names[0]}`, message: 'is not known here' }]);
  }
  const strict = schema instanceof z.ZodObject ? schema.strict() : schema;
  const result = strict.safeParse(value);
  if (result.success) return result.data;
  throw invalid(
    result.error.issues.map(({ path, message }) => ({
      field: [place, ...path.map(String)].join('.'),
      message,
    })),
  );
}

function invalid(errors: { field: string; message: string }[]): ApiProblem {
  return new ApiProblem(400, 'invalid', 'The request is not what this call takes.', { errors });
}

function notAllowed(methods: string[]): ApiProblem {
  const detail = `This path takes ${methods.join(', ')}.`;
  return new ApiProblem(405, 'method_not_allowed', detail, {
    headers: { Allow: methods.join(', ') },
  });
}

/** The key that names a change. Throws ApiProblem when there is none, or one that cannot be kept. */
export function idempotencyKeyOf({ headers }: ApiRequest): string {
  const key = headers.get('idempotency-key');
  if (key === undefined) {
    throw badRequest('idempotency_key_missing', 'This call needs the header Idempotency-Key.');
  }
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw badRequest(
      'bad_idempotency_key',
      'An Idempotency-Key has 1 to 128 printable characters.',
    );
  }
  return key;
}

/** A handler's answer has to be what the route promises: anything else is our own fault. */
function answerOf(route: Route, answer: unknown): unknown {
  if (answer instanceof WithHeaders) {
    return new WithHeaders(answerOf(route, answer.value), answer.headers);
  }
  return route.answer === file ? file.parse(answer) : route.answer.parse(answer);
}

function responseOf(answer: unknown): ApiResponse {
  if (answer instanceof WithHeaders) {
    const response = responseOf(answer.value);
    return { ...response, headers: { ...response.headers, ...answer.headers } };
  }
  if (!(answer instanceof FileAnswer)) return json(answer);
  const { bytes, contentType, fileName } = answer;
  const disposition =
    fileName === null
      ? {}
      : { 'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}` };
  return { status: 200, contentType, body: bytes, headers: disposition };
}
