/** IHE PIXm: the cross reference query (ITI-83) and the identity feed (ITI-104). */
import { revisePerson } from '../../modules/empi/changes.ts';
import { registerPerson, send } from '../../modules/empi/commands.ts';
import {
  type Domain,
  isRetired,
  type Medium,
  type MediumInput,
  type Person,
} from '../../modules/empi/types.ts';
import type { ApiResponse } from '../response.ts';
import { type FhirCall, mayFeed, partsOf, personOfReference, refuseForeignDomain } from './call.ts';
import { demographicsOf, mediaOf } from './fed.ts';
import { CITIZEN_ID_SYSTEM, citizenIdOf, identifierOf } from './identifiers.ts';
import { patientOf } from './patient.ts';
import { type Identifier, type Reference, readPatient } from './patient-shape.ts';
import { FhirProblem, fhirJson } from './problem.ts';

/** `GET Patient/$ihe-pix?sourceIdentifier=system|value&targetSystem=uri*`, or the same as Parameters. */
export function crossReference(call: FhirCall): ApiResponse {
  const { queries } = call;
  const source = tokenOf(askedFor(call, 'sourceIdentifier'), 'sourceIdentifier');
  const isCitizen = source.system === CITIZEN_ID_SYSTEM;
  const domain = isCitizen ? undefined : domainOf(source.system, call);
  const targets = askedFor(call, 'targetSystem');
  const codes = targets.flatMap((system) => {
    if (system === CITIZEN_ID_SYSTEM) return [];
    const target = queries.domainOfSystem(system);
    if (target === undefined) throw new FhirProblem(403, 'code-invalid', 'targetSystem not found');
    return [target.code];
  });
  const wanted = targets.length === 0 ? undefined : new Set(codes);
  const { person, media } =
    domain === undefined
      ? othersOfCitizen(call, source.value, wanted)
      : othersOf(call, domain, source.value, wanted);
  const isNumberWanted = targets.length === 0 || targets.includes(CITIZEN_ID_SYSTEM);
  const identifiers = [...media, ...(isNumberWanted && !isCitizen ? citizenIdOf(person) : [])];
  const parameter = [
    ...identifiers.map((valueIdentifier) => ({ name: 'targetIdentifier', valueIdentifier })),
    { name: 'targetId', valueReference: { reference: `Patient/${person.personId}` } },
  ];
  return fhirJson({ resourceType: 'Parameters', parameter });
}

interface Others {
  person: Person;
  media: Identifier[];
}

function othersOf(
  { queries }: FhirCall,
  { code }: Domain,
  number: string,
  wanted: ReadonlySet<string> | undefined,
): Others {
  const others = queries.crossIndex(code, number, wanted);
  if (others === null) throw sourceUnknown();
  const person = queries.livePerson(queries.medium(code, number)!.personId)!;
  return { person, media: others.map((medium) => identifierOf(queries, medium)) };
}

/** The citizen identity number is no identifier of a domain, but of everybody who has one. */
function othersOfCitizen(
  { queries }: FhirCall,
  number: string,
  wanted: ReadonlySet<string> | undefined,
): Others {
  const holders = [...queries.byKey({ kind: 'id', value: number.toUpperCase() }, true)].filter(
    ({ status }) => status === 'active',
  );
  const [person, ...more] = holders;
  if (person === undefined) throw sourceUnknown();
  if (more.length > 0) {
    throw new FhirProblem(409, 'conflict', 'more than one Patient has this identity number');
  }
  const media = queries
    .mediaOf(person)
    .filter(({ status, domain }) => !isRetired(status) && (wanted?.has(domain) ?? true));
  return { person, media: media.map((medium) => identifierOf(queries, medium)) };
}

function sourceUnknown(): FhirProblem {
  return new FhirProblem(404, 'not-found', 'sourceIdentifier Patient Identifier not found');
}

/** Values of a parameter of the query, or of the Parameters in the body. */
function askedFor({ parameters, body }: FhirCall, name: string): string[] {
  const parts = partsOf(body, name).map((part) => {
    const { system, value } = (part['valueIdentifier'] ?? {}) as Record<string, unknown>;
    return part['valueString'] ?? part['valueUri'] ?? `${String(system)}|${String(value)}`;
  });
  return [...parameters.getAll(name), ...parts.map(String)];
}

/** The one `system|value` that a parameter has to have. */
function tokenOf([given, ...more]: string[], name: string): { system: string; value: string } {
  if (given === undefined || more.length > 0) {
    throw new FhirProblem(400, 'required', `one ${name} is needed`);
  }
  const bar = given.indexOf('|');
  if (bar <= 0 || bar === given.length - 1) {
    throw new FhirProblem(400, 'invalid', `${name} has to be system|value`);
  }
  return { system: given.slice(0, bar), value: given.slice(bar + 1) };
}

function domainOf(system: string, { queries }: FhirCall): Domain {
  const domain = queries.domainOfSystem(system);
  if (domain !== undefined) return domain;
  throw new FhirProblem(400, 'code-invalid', 'sourceIdentifier Assigning Authority not found');
}

/** `PUT Patient?identifier=system|value`: adds or revises; a link `replaced-by` resolves a duplicate. */
export async function feed(call: FhirCall): Promise<ApiResponse> {
  const { queries, door, caller, key } = call;
  const { domain, value } = feedIdentifier(call);
  const patient = readPatient(call.body);
  const named = patient.identifier?.some(
    (identifier) => identifier.system === domain.system && identifier.value === value,
  );
  if (named !== true) {
    const wanted = `${domain.system}|${value}`;
    throw new FhirProblem(400, 'invalid', `the Patient does not have the identifier ${wanted}`);
  }
  const known = queries.medium(domain.code, value);
  const replaced = patient.link?.find(({ type }) => type === 'replaced-by');
  if (replaced !== undefined) return resolveDuplicate(call, domain, value, replaced.other);
  const said = {
    demographics: demographicsOf(patient),
    media: mediaOf(queries, patient),
    by: caller.id,
  };
  if (known === undefined) {
    refuseForeignMedia(call, said.media);
    return stored(call, await registerPerson(door, key, said), 201);
  }
  if (known.status === 'replaced') {
    throw new FhirProblem(409, 'business-rule', 'the identifier was replaced by another one');
  }
  const person = queries.livePerson(known.personId)!;
  refuseForeignMedia(call, said.media, person);
  return stored(call, await revisePerson(door, key, person, said), 200);
}

/** Identifiers of other sources' domains may be repeated where they belong, and are not fed. */
function refuseForeignMedia(call: FhirCall, media: MediumInput[], person?: Person): void {
  const { queries } = call;
  for (const { domain, number } of media) {
    const holder = queries.medium(domain, number)?.personId;
    if (holder === undefined || holder !== person?.personId) refuseForeignDomain(call, domain);
  }
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

function feedIdentifier(call: FhirCall): { domain: Domain; value: string } {
  const { system, value } = tokenOf(call.parameters.getAll('identifier'), 'identifier');
  const domain = domainOf(system, call);
  refuseForeignDomain(call, domain.code);
  return { domain, value };
}

async function resolveDuplicate(
  call: FhirCall,
  domain: Domain,
  value: string,
  other: Reference,
): Promise<ApiResponse> {
  const { queries, door, key, caller } = call;
  const known = queries.medium(domain.code, value);
  if (known === undefined) throw new FhirProblem(404, 'not-found', 'the identifier is not known');
  const survivor = survivorOf(call, domain, other);
  const isDone = known.status === 'replaced' && known.personId === survivor.personId;
  if (isDone) return fhirJson(patientOf(queries, queries.person(survivor.personId)!));
  const done = await send(door, key, 'identifier.replace', {
    replaced: { domain: domain.code, number: value },
    survivor: { domain: survivor.domain, number: survivor.number },
    reason: 'replaced by its source',
    by: caller.id,
  });
  return stored(call, done, 200);
}

/** The identifier that stays: the one that is named, or one of the Patient that is. */
function survivorOf(call: FhirCall, { code }: Domain, other: Reference): Medium {
  const { queries } = call;
  const person = personOfReference(queries, other);
  const { system = '', value = '' } = other.identifier ?? {};
  const named = queries.domainOfSystem(system);
  if (other.reference === undefined && named !== undefined) {
    refuseForeignDomain(call, named.code);
    return queries.medium(named.code, value)!;
  }
  const own = queries
    .mediaOf(person)
    .filter(({ status, domain }) => !isRetired(status) && mayFeed(call, domain));
  const survivor = own.find(({ domain }) => domain === code) ?? own[0];
  if (survivor !== undefined) return survivor;
  throw new FhirProblem(403, 'forbidden', 'the surviving Patient is of other sources only');
}

function stored(
  { queries, base }: FhirCall,
  outcome: { status: string; code?: string; personId?: string },
  status: number,
): ApiResponse {
  if (outcome.status === 'refused') {
    throw new FhirProblem(409, 'business-rule', `refused: ${outcome.code}`);
  }
  const person = queries.livePerson(outcome.personId!)!;
  const headers = {
    Location: `${base}/Patient/${person.personId}`,
    ETag: `W/"${person.version}"`,
  };
  return fhirJson(patientOf(queries, person), status, headers);
}
