/** The FHIR R4 interface of the patient index, under `/fhir`: PIXm, PDQm, $match, $merge. */
import { randomUUID } from 'node:crypto';
import { type EmpiDoor, IndexBehind } from '../../modules/empi/commands.ts';
import { type ChangingCall, idempotencyKeyOf } from '../dispatcher.ts';
import { ApiProblem } from '../problem.ts';
import type { ApiResponse } from '../response.ts';
import type { Caller } from '../route.ts';
import type { ApiRequest } from '../server.ts';
import type { FhirCall } from './call.ts';
import { capabilityStatement } from './capability.ts';
import { matchPatient } from './match.ts';
import { mergePatients } from './merge.ts';
import { patientOf } from './patient.ts';
import { searchPatients } from './pdqm.ts';
import { crossReference, feed, removeIdentifier } from './pixm.ts';
import { FhirProblem, fhirJson, fhirProblemOf, problemResource } from './problem.ts';
import { baseOf, contentOf, FHIR_PREFIX, pathOf, refuseFormat } from './request.ts';

interface Operation {
  permission: string;
  /** Asked again under the same Idempotency-Key it is not done again. */
  changes?: true;
  handle: (call: FhirCall) => ApiResponse | Promise<ApiResponse>;
}

const READ = { permission: 'empi:read' } as const;
const WRITE = { permission: 'empi:write', changes: true } as const;

/** By path behind the base and by method; HEAD is GET without the body. */
const OPERATIONS: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/Patient': {
    get: { ...READ, handle: searchPatients },
    put: { ...WRITE, handle: feed },
    delete: { ...WRITE, handle: removeIdentifier },
  },
  '/Patient/_search': { post: { ...READ, handle: searchPatients } },
  '/Patient/$ihe-pix': {
    get: { ...READ, handle: crossReference },
    post: { ...READ, handle: crossReference },
  },
  '/Patient/$match': { post: { ...READ, handle: matchPatient } },
  '/Patient/$merge': { post: { ...WRITE, handle: mergePatients } },
};

const STARTED = new Date().toISOString();

export interface FhirParts {
  door: () => EmpiDoor;
  authenticate: (request: ApiRequest) => Promise<Caller>;
  /** Runs a call that changes something: once, however often it is asked for. */
  changing: (call: ChangingCall) => Promise<unknown>;
  /** A fault of ours; `id` is all that the caller gets to know of it. */
  onFault: (error: unknown, fault: { id: string; route: string }) => void;
}

export async function handleFhir(request: ApiRequest, parts: FhirParts): Promise<ApiResponse> {
  try {
    return await respond(request, parts);
  } catch (error) {
    return problemResource(problemOf(error, parts));
  }
}

function problemOf(error: unknown, { onFault }: FhirParts): FhirProblem {
  if (error instanceof FhirProblem) return error;
  if (error instanceof ApiProblem) return fhirProblemOf(error);
  if (error instanceof IndexBehind) return new FhirProblem(503, 'transient', error.message);
  const id = randomUUID();
  onFault(error, { id, route: FHIR_PREFIX });
  return new FhirProblem(500, 'exception', `a fault of this server; its log names it by ${id}`);
}

async function respond(request: ApiRequest, parts: FhirParts): Promise<ApiResponse> {
  const path = pathOf(request);
  const method = request.method === 'head' ? 'get' : request.method;
  if (path === '/metadata') {
    refuseFormat(request, new URLSearchParams(request.query));
    if (method !== 'get') throw notAllowed(['get']);
    return fhirJson(capabilityStatement(STARTED, baseOf(request)));
  }
  const caller = await parts.authenticate(request);
  const operations = operationsOf(path);
  if (operations === null) throw new FhirProblem(404, 'not-found', 'there is nothing at this path');
  const operation = operations[method];
  if (operation === undefined) throw notAllowed(Object.keys(operations));
  const { permission, changes, handle } = operation;
  if (!caller.permissions.has(permission)) {
    throw new FhirProblem(403, 'forbidden', `${permission} is needed`);
  }
  const call = callOf(request, caller, parts.door());
  const run = async () => handle(call);
  if (changes === undefined || !call.hasKey) return run();
  const route = { method, path: `${FHIR_PREFIX}${path}` };
  const idempotencyKey = idempotencyKeyOf(request);
  return (await parts.changing({ route, caller, request, idempotencyKey, run })) as ApiResponse;
}

function operationsOf(path: string): Readonly<Record<string, Operation>> | null {
  if (Object.hasOwn(OPERATIONS, path)) return OPERATIONS[path]!;
  const id = /^\/Patient\/([A-Za-z0-9.-]{1,64})$/.exec(path)?.[1];
  return id === undefined ? null : { get: { ...READ, handle: (call) => read(call, id) } };
}

function notAllowed(methods: string[]): FhirProblem {
  const all = methods.includes('get') ? ['head', ...methods] : methods;
  const allow = all.map((method) => method.toUpperCase()).join(', ');
  const headers = { Allow: allow };
  return new FhirProblem(405, 'not-supported', `this path takes ${allow}`, { headers });
}

function read({ queries }: FhirCall, personId: string): ApiResponse {
  const person = queries.person(personId);
  if (person === undefined) throw new FhirProblem(404, 'not-found', 'there is no such Patient');
  return fhirJson(patientOf(queries, person), 200, { ETag: `W/"${person.version}"` });
}

function callOf(request: ApiRequest, caller: Caller, door: EmpiDoor): FhirCall {
  const { headers } = request;
  const { parameters, content } = contentOf(request);
  refuseFormat(request, parameters);
  const hasKey = headers.has('idempotency-key');
  const name = hasKey ? idempotencyKeyOf(request) : randomUUID();
  return {
    queries: door.queries,
    door,
    caller,
    parameters,
    isStrict: /\bhandling=strict\b/.test(headers.get('prefer') ?? ''),
    body: content,
    key: `fhir:${caller.id}:${name}`,
    hasKey,
    base: baseOf(request),
  };
}
