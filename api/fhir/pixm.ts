/** IHE PIXm: the cross reference query (ITI-83) and the identity feed (ITI-104). */
import { revisePerson } from '../../modules/empi/changes.ts';
import { registerPerson, send } from '../../modules/empi/commands.ts';
import type { Domain } from '../../modules/empi/types.ts';
import type { ApiResponse } from '../response.ts';
import { type FhirCall, personOfReference } from './call.ts';
import {
  demographicsOf,
  identifierOf,
  mediaOf,
  type Patient,
  patientOf,
  readPatient,
} from './patient.ts';
import { FhirProblem, fhirJson } from './problem.ts';

/** `GET Patient/$ihe-pix?sourceIdentifier=system|value&targetSystem=uri*`. */
export function crossReference({ queries, parameters }: FhirCall): ApiResponse {
  const { domain, value } = sourceOf(parameters.getAll('sourceIdentifier'), queries);
  const targets = parameters.getAll('targetSystem').map((system) => {
    const target = queries.domainOfSystem(system);
    if (target === undefined) throw new FhirProblem(403, 'code-invalid', 'targetSystem not found');
    return target.code;
  });
  const wanted = targets.length === 0 ? undefined : new Set(targets);
  const others = queries.crossIndex(domain.code, value, wanted);
  if (others === null)
    throw new FhirProblem(404, 'not-found', 'sourceIdentifier Patient Identifier not found');
  const person = queries.livePerson(queries.medium(domain.code, value)!.personId)!;
  const parameter = [
    ...others.map((medium) => ({
      name: 'targetIdentifier',
      valueIdentifier: identifierOf(queries, medium),
    })),
    { name: 'targetId', valueReference: { reference: `Patient/${person.personId}` } },
  ];
  return fhirJson({ resourceType: 'Parameters', parameter });
}

function sourceOf(
  given: string[],
  queries: FhirCall['queries'],
): { domain: Domain; value: string } {
  const [source, ...more] = given;
  if (source === undefined || more.length > 0) {
    throw new FhirProblem(400, 'required', 'one sourceIdentifier is needed');
  }
  const bar = source.indexOf('|');
  if (bar <= 0 || bar === source.length - 1) {
    throw new FhirProblem(400, 'invalid', 'sourceIdentifier has to be system|value');
  }
  const domain = queries.domainOfSystem(source.slice(0, bar));
  if (domain === undefined) {
    throw new FhirProblem(400, 'code-invalid', 'sourceIdentifier Assigning Authority not found');
  }
  return { domain, value: source.slice(bar + 1) };
}

/** `PUT Patient?identifier=system|value`: adds or revises; a link `replaced-by` resolves a duplicate. */
export async function feed(call: FhirCall): Promise<ApiResponse> {
  const { queries, parameters, door, caller, key } = call;
  const { domain, value } = feedIdentifier(call);
  const patient = readPatient(call.body);
  const named = patient.identifier?.some(
    (identifier) => identifier.system === domain.system && identifier.value === value,
  );
  if (named !== true) {
    const wanted = parameters.get('identifier');
    throw new FhirProblem(400, 'invalid', `the Patient does not have the identifier ${wanted}`);
  }
  const known = queries.medium(domain.code, value);
  const replaced = patient.link?.find(({ type }) => type === 'replaced-by');
  if (replaced !== undefined) return resolveDuplicate(call, domain, value, replaced);
  if (known === undefined) {
    const request = {
      demographics: demographicsOf(patient),
      media: mediaOf(queries, patient),
      by: caller.id,
    };
    const done = await registerPerson(door, key, request);
    return stored(call, done, 201);
  }
  const person = queries.livePerson(known.personId)!;
  const said = { demographics: demographicsOf(patient), media: mediaOf(queries, patient) };
  const done = await revisePerson(door, key, person, { ...said, by: caller.id });
  return stored(call, done, 200);
}

/** `DELETE Patient?identifier=system|value`: the domain takes its identifier back. */
export async function removeIdentifier(call: FhirCall): Promise<ApiResponse> {
  const { domain, value } = feedIdentifier(call);
  const known = call.queries.medium(domain.code, value);
  if (known === undefined) throw new FhirProblem(404, 'not-found', 'the identifier is not known');
  const { mediumId } = known;
  const done = await send(call.door, call.key, 'medium.remove', { mediumId, by: call.caller.id });
  if (done.status === 'refused') throw new FhirProblem(409, 'conflict', done.code!);
  return { status: 204, contentType: 'application/fhir+json', body: '' };
}

/** One source a domain: nobody else feeds it. */
function feedIdentifier({ queries, parameters, caller }: FhirCall) {
  const given = parameters.getAll('identifier');
  const found = sourceOf(given, queries);
  if (found.domain.source !== '' && found.domain.source !== caller.id) {
    throw new FhirProblem(403, 'forbidden', `${found.domain.code} is fed by another source`);
  }
  return found;
}

async function resolveDuplicate(
  call: FhirCall,
  domain: Domain,
  value: string,
  { other }: NonNullable<Patient['link']>[number],
): Promise<ApiResponse> {
  const { queries, door, key, caller } = call;
  const known = queries.medium(domain.code, value);
  if (known === undefined) throw new FhirProblem(404, 'not-found', 'the identifier is not known');
  const survivor = personOfReference(queries, other);
  const absorbed = queries.livePerson(known.personId)!;
  if (survivor.personId === absorbed.personId) return fhirJson(patientOf(queries, survivor));
  const reason = 'replaced by its source';
  const done = await send(door, key, 'person.merge', {
    survivor: survivor.personId,
    absorbed: absorbed.personId,
    reason,
    by: caller.id,
  });
  return stored(call, done, 200);
}

function stored(
  { queries }: FhirCall,
  outcome: { status: string; code?: string; personId?: string },
  status: number,
): ApiResponse {
  if (outcome.status === 'refused') {
    throw new FhirProblem(409, 'business-rule', `refused: ${outcome.code}`);
  }
  const person = queries.livePerson(outcome.personId!)!;
  const headers = {
    Location: `Patient/${person.personId}`,
    ETag: `W/"${person.version}"`,
  };
  return fhirJson(patientOf(queries, person), status, headers);
}
