/**
 * `POST Patient/$merge` as FHIR R5 describes it: the source becomes inactive and points to the target,
 * which survives. It is not idempotent there; here the caller names the request.
 */
import { send } from '../../modules/empi/commands.ts';
import type { Person } from '../../modules/empi/types.ts';
import type { ApiResponse } from '../response.ts';
import { type FhirCall, partsOf, personOfReference } from './call.ts';
import { type Patient, patientOf } from './patient.ts';
import { FhirProblem, fhirJson, operationOutcome } from './problem.ts';

export async function mergePatients(call: FhirCall): Promise<ApiResponse> {
  const { queries, door, key, hasKey, caller, body } = call;
  if ((body as { resourceType?: unknown } | null)?.resourceType !== 'Parameters') {
    throw new FhirProblem(400, 'invalid', 'the body has to be Parameters');
  }
  const isPreview = partsOf(body, 'preview')[0]?.['valueBoolean'] === true;
  if (!hasKey && !isPreview) {
    throw new FhirProblem(400, 'required', 'a merge needs the header Idempotency-Key');
  }
  const repeated = queries.outcome(key);
  if (repeated?.status === 'done')
    return answer(call, queries.person(repeated.personId!)!, 'merged');
  const source = sideOf(call, 'source');
  const target = sideOf(call, 'target');
  if (source.personId === target.personId) {
    throw new FhirProblem(422, 'business-rule', 'source and target are the same Patient');
  }
  checkResult(call, target);
  if (isPreview) return preview(call, source, target);
  const done = await send(door, key, 'person.merge', {
    survivor: target.personId,
    absorbed: source.personId,
    reason: 'FHIR $merge',
    by: caller.id,
  });
  if (done.status === 'refused')
    throw new FhirProblem(422, 'business-rule', `refused: ${done.code}`);
  return answer(call, queries.person(target.personId)!, 'merged');
}

/** All references and identifiers of a side have to name one active Patient. */
function sideOf({ queries, body }: FhirCall, side: 'source' | 'target'): Person {
  const references = partsOf(body, `${side}-patient`).map(({ valueReference }) => valueReference);
  const identifiers = partsOf(body, `${side}-patient-identifier`).map(({ valueIdentifier }) => ({
    identifier: valueIdentifier,
  }));
  const given = [...references, ...identifiers] as Parameters<typeof personOfReference>[1][];
  if (given.length === 0) {
    throw new FhirProblem(
      400,
      'required',
      `${side}-patient or ${side}-patient-identifier is needed`,
    );
  }
  if (references.length > 1) throw new FhirProblem(400, 'invalid', `${side}-patient comes once`);
  const persons = given.map((other) => personOfReference(queries, other ?? {}));
  const [person] = persons;
  if (persons.some(({ personId }) => personId !== person!.personId)) {
    throw new FhirProblem(422, 'business-rule', `the ${side} does not resolve to one Patient`);
  }
  return person!;
}

/** A result-patient is the target as it shall be; it must be the target. */
function checkResult({ body }: FhirCall, target: Person): void {
  const result = partsOf(body, 'result-patient')[0]?.['resource'] as Patient | undefined;
  if (result !== undefined && result.id !== target.personId) {
    throw new FhirProblem(400, 'invalid', 'result-patient has to have the id of the target');
  }
}

function preview(call: FhirCall, source: Person, target: Person): ApiResponse {
  const patient = patientOf(call.queries, target);
  const others = patientOf(call.queries, source).identifier ?? [];
  const reference = `Patient/${source.personId}`;
  const shown = {
    ...patient,
    identifier: [...(patient.identifier ?? []), ...others],
    link: [...(patient.link ?? []), { other: { reference }, type: 'replaces' }],
  };
  return parameters(call, shown, 'this is what a merge would give; nothing was changed');
}

function answer(call: FhirCall, person: Person, what: string): ApiResponse {
  return parameters(call, patientOf(call.queries, person), what);
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
