/** The FHIR R4 interface of the patient index, under `/fhir`: PIXm, PDQm, $match, $merge. */
import { randomUUID } from 'node:crypto';
import { type EmpiDoor, IndexBehind } from '../../modules/empi/commands.ts';
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
import { FhirProblem, fhirJson, problemResource } from './problem.ts';

export const FHIR_PREFIX = '/fhir';

type Handler = (call: FhirCall) => ApiResponse | Promise<ApiResponse>;

/** Method and path behind the base, what the caller must be allowed, and who answers. */
const OPERATIONS: readonly [string, string, string, Handler][] = [
  ['get', '/Patient/$ihe-pix', 'empi:read', crossReference],
  ['get', '/Patient', 'empi:read', searchPatients],
  ['post', '/Patient/_search', 'empi:read', searchPatients],
  ['post', '/Patient/$match', 'empi:read', matchPatient],
  ['post', '/Patient/$merge', 'empi:review', mergePatients],
  ['put', '/Patient', 'empi:write', feed],
  ['delete', '/Patient', 'empi:write', removeIdentifier],
];

const STARTED = new Date().toISOString();

export interface FhirParts {
  door: () => EmpiDoor;
  authenticate: (request: ApiRequest) => Promise<Caller>;
}

export async function handleFhir(request: ApiRequest, parts: FhirParts): Promise<ApiResponse> {
  try {
    return await respond(request, parts);
  } catch (error) {
    if (error instanceof FhirProblem) return problemResource(error);
    if (error instanceof IndexBehind) {
      return problemResource(new FhirProblem(503, 'transient', error.message));
    }
    if (error instanceof ApiProblem) {
      const code = error.status === 401 ? 'login' : error.status === 403 ? 'forbidden' : 'invalid';
      return problemResource(new FhirProblem(error.status, code, error.message));
    }
    throw error;
  }
}

async function respond(
  request: ApiRequest,
  { door, authenticate }: FhirParts,
): Promise<ApiResponse> {
  const path = pathOf(request);
  if (path === '/metadata' && request.method === 'get')
    return fhirJson(capabilityStatement(STARTED));
  const caller = await authenticate(request);
  const id = /^\/Patient\/([0-9]{1,64})$/.exec(path)?.[1];
  if (id !== undefined && request.method === 'get') {
    allow(caller, 'empi:read');
    return read(door(), id);
  }
  const found = OPERATIONS.find(([method, at]) => method === request.method && at === path);
  if (found === undefined) throw new FhirProblem(404, 'not-found', 'there is no such operation');
  const [, , permission, handler] = found;
  allow(caller, permission);
  return handler(callOf(request, caller, door()));
}

function pathOf({ path }: ApiRequest): string {
  try {
    return decodeURIComponent(path.slice(FHIR_PREFIX.length));
  } catch {
    throw new FhirProblem(400, 'invalid', 'the path is not percent-encoded UTF-8');
  }
}

function allow({ permissions }: Caller, wanted: string): void {
  if (!permissions.has(wanted)) throw new FhirProblem(403, 'forbidden', `${wanted} is needed`);
}

function read({ queries }: EmpiDoor, personId: string): ApiResponse {
  const person = queries.person(personId);
  if (person === undefined) throw new FhirProblem(404, 'not-found', 'there is no such Patient');
  return fhirJson(patientOf(queries, person), 200, { ETag: `W/"${person.version}"` });
}

function callOf(request: ApiRequest, caller: Caller, door: EmpiDoor): FhirCall {
  const { headers, query, body } = request;
  const type = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  const isForm = type === 'application/x-www-form-urlencoded';
  const form = isForm ? body.toString('utf8') : '';
  // A path without a question mark has no query at all.
  const parameters = new URLSearchParams([query, form].filter(Boolean).join('&'));
  const given = headers.get('idempotency-key');
  return {
    queries: door.queries,
    door,
    caller,
    parameters,
    body: isForm || body.length === 0 ? undefined : jsonOf(body, type),
    key: `fhir:${caller.id}:${given ?? randomUUID()}`,
    hasKey: given !== undefined,
    base: FHIR_PREFIX,
  };
}

function jsonOf(body: Buffer, type: string): unknown {
  if (type !== 'application/fhir+json' && type !== 'application/json') {
    throw new FhirProblem(415, 'not-supported', 'the body has to be application/fhir+json');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new FhirProblem(400, 'invalid', 'the body is not JSON in UTF-8');
  }
}
