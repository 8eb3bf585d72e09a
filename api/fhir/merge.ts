/**
 * `POST Patient/$merge` as FHIR R5 describes it: the source becomes inactive and points to the target,
 * which survives and is as `result-patient` says. It is not idempotent there; here the caller names
 * the request.
 */
import { revisePerson } from '../../modules/empi/changes.ts';
import { send } from '../../modules/empi/commands.ts';
import { normalisePerson } from '../../modules/empi/matching/normalise.ts';
import type { Person } from '../../modules/empi/types.ts';
import type { ApiResponse } from '../response.ts';
import { booleanOf, type FhirCall, isOwn, mayFeed, partsOf, personOfReference } from './call.ts';
import { demographicsOf, mediaOf } from './fed.ts';
import { patientOf } from './patient.ts';
import { type Patient, type Reference, readPatient, readReference } from './patient-shape.ts';
import { FhirProblem, fhirJson, operationOutcome } from './problem.ts';

export async function mergePatients(call: FhirCall): Promise<ApiResponse> {
  const { queries, key, hasKey, body } = call;
  if ((body as { resourceType?: unknown } | null)?.resourceType !== 'Parameters') {
    throw new FhirProblem(400, 'invalid', 'the body has to be Parameters');
  }
  const isPreview = booleanOf(body, 'preview');
  if (!hasKey && !isPreview) {
    throw new FhirProblem(400, 'required', 'a merge needs the header Idempotency-Key');
  }
  // Cut short between the merge and its answer, the request goes on behind the merge.
  const before = queries.outcome(key);
  if (before?.status === 'done') {
    return merged(call, queries.person(before.personId!)!, resultOf(call));
  }
  const source = sideOf(call, 'source');
  const target = sideOf(call, 'target');
  if (source.personId === target.personId) {
    throw new FhirProblem(422, 'business-rule', 'source and target are the same Patient');
  }
  const result = resultOf(call);
  if (result !== null) checkResult(call, result, source, target);
  return isPreview ? preview(call, source, target, result) : merge(call, source, target, result);
}

async function merge(
  call: FhirCall,
  source: Person,
  target: Person,
  result: Patient | null,
): Promise<ApiResponse> {
  const done = await send(call.door, call.key, 'person.merge', {
    survivor: target.personId,
    absorbed: source.personId,
    reason: 'FHIR $merge',
    by: call.caller.id,
  });
  if (done.status === 'refused')
    throw new FhirProblem(422, 'business-rule', `refused: ${done.code}`);
  return merged(call, call.queries.person(target.personId)!, result);
}

/** The answer behind a merge; the target becomes what the result says. */
async function merged(
  call: FhirCall,
  target: Person,
  result: Patient | null,
): Promise<ApiResponse> {
  const { queries, door, key, caller } = call;
  let { personId } = target;
  if (result !== null) {
    const said = {
      demographics: demographicsOf(result),
      media: mediaOf(queries, result),
      by: caller.id,
    };
    const done = await revisePerson(door, `${key}:result`, target, said);
    if (done.status === 'refused') {
      const what = `merged, but the result-patient was refused: ${done.code}`;
      throw new FhirProblem(422, 'business-rule', what);
    }
    personId = done.personId!;
  }
  return parameters(call, patientOf(queries, queries.livePerson(personId)!), 'merged');
}

/**
 * All references and identifiers of a side have to name one active Patient. Who may not decide about
 * duplicates merges Patients of its own domains only.
 */
function sideOf(call: FhirCall, side: 'source' | 'target'): Person {
  const { queries, body } = call;
  const references = partsOf(body, `${side}-patient`).map(({ valueReference }) => valueReference);
  const identifiers = partsOf(body, `${side}-patient-identifier`).map(({ valueIdentifier }) => ({
    identifier: valueIdentifier,
  }));
  const given = [...references, ...identifiers].map((value) => readReference(value, side));
  if (given.length === 0) {
    throw new FhirProblem(
      400,
      'required',
      `${side}-patient or ${side}-patient-identifier is needed`,
    );
  }
  if (references.length > 1) throw new FhirProblem(400, 'invalid', `${side}-patient comes once`);
  const persons = given.map((other) => personOfReference(queries, other));
  const person = persons[0]!;
  if (persons.some(({ personId }) => personId !== person.personId)) {
    throw new FhirProblem(422, 'business-rule', `the ${side} does not resolve to one Patient`);
  }
  if (!call.caller.permissions.has('empi:review')) refuseForeign(call, side, given, person);
  return person;
}

function refuseForeign(call: FhirCall, side: string, given: Reference[], person: Person): void {
  const isForeign = given.some(({ identifier }) => {
    const domain = call.queries.domainOfSystem(identifier?.system ?? '');
    return domain !== undefined && !mayFeed(call, domain.code);
  });
  if (!isForeign && isOwn(call, person)) return;
  const what = `the ${side} is of a domain that another source feeds: empi:review is needed`;
  throw new FhirProblem(403, 'forbidden', what);
}

function resultOf({ body }: FhirCall): Patient | null {
  const part = partsOf(body, 'result-patient')[0];
  return part === undefined ? null : readPatient(part['resource']);
}

/** A result-patient is the target as it shall be: it has the target's id, and identifiers of the two or new ones. */
function checkResult(call: FhirCall, result: Patient, source: Person, target: Person): void {
  if (result.id !== target.personId) {
    throw new FhirProblem(400, 'invalid', 'result-patient has to have the id of the target');
  }
  const { queries } = call;
  const both = new Set([source.personId, target.personId]);
  for (const { domain, number } of mediaOf(queries, result)) {
    const holder = queries.medium(domain, number)?.personId;
    if (holder !== undefined && both.has(holder)) continue;
    if (holder === undefined && mayFeed(call, domain)) continue;
    const what = `the identifier ${number} of result-patient is neither the source's nor the target's`;
    throw new FhirProblem(422, 'business-rule', what);
  }
}

function preview(
  call: FhirCall,
  source: Person,
  target: Person,
  result: Patient | null,
): ApiResponse {
  const { queries } = call;
  const said = result === null ? {} : demographicsOf(result);
  const demographics = { ...target.demographics, ...said };
  const shown = { ...target, demographics, normalised: normalisePerson(demographics) };
  const patient = patientOf(queries, shown);
  const others = patientOf(queries, source).identifier ?? [];
  const reference = `Patient/${source.personId}`;
  const whole: Patient = {
    ...patient,
    identifier: [...(patient.identifier ?? []), ...others],
    link: [...(patient.link ?? []), { other: { reference }, type: 'replaces' }],
  };
  return parameters(call, whole, 'this is what a merge would give; nothing was changed');
}

function parameters({ body }: FhirCall, resource: Patient, what: string): ApiResponse {
  return fhirJson({
    resourceType: 'Parameters',
    parameter: [
      { name: 'input', resource: body },
      { name: 'outcome', resource: operationOutcome('information', 'informational', what) },
      { name: 'result', resource },
    ],
  });
}
