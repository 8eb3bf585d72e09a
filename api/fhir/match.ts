/** `POST Patient/$match` (PDQm ITI-119): who a Patient may be, with score and grade. */
import type { Match } from '../../modules/empi/matching/online.ts';
import { isRetired } from '../../modules/empi/types.ts';
import type { ApiResponse } from '../response.ts';
import { booleanOf, type FhirCall, partsOf } from './call.ts';
import { demographicsOf, mediaOf } from './fed.ts';
import { patientOf } from './patient.ts';
import { type Patient, readPatient } from './patient-shape.ts';
import { FhirProblem, fhirJson } from './problem.ts';

const MATCH_GRADE = 'http://hl7.org/fhir/StructureDefinition/match-grade';
/** From here on a match that people have to decide about is probable. */
const PROBABLE = 0.5;

interface Graded {
  personId: string;
  score: number;
  grade: 'certain' | 'probable' | 'possible';
}

export function matchPatient(call: FhirCall): ApiResponse {
  const { queries, body, base } = call;
  const { resource, onlyCertain, count } = inputOf(body);
  const patient = readPatient(resource);
  const found = gradedMatches(call, patient);
  const certain = found.filter(({ grade }) => grade === 'certain');
  const isClear = certain.length === 1;
  const shown = onlyCertain ? (isClear ? certain : []) : found;
  const entry = shown.slice(0, count).map(({ personId, score, grade }) => ({
    fullUrl: `${base}/Patient/${personId}`,
    resource: patientOf(queries, queries.person(personId)!),
    search: {
      extension: [{ url: MATCH_GRADE, valueCode: grade }],
      mode: 'match',
      score,
    },
  }));
  const total = entry.length;
  return fhirJson({
    resourceType: 'Bundle',
    type: 'searchset',
    total,
    ...(total === 0 ? {} : { entry }),
  });
}

/** Best first: whoever has one of the identifiers, then the engine's matches. */
function gradedMatches({ queries }: FhirCall, patient: Patient): Graded[] {
  const found: Graded[] = [];
  for (const { domain, number } of mediaOf(queries, patient)) {
    const medium = queries.medium(domain, number);
    if (medium === undefined || isRetired(medium.status)) continue;
    const { personId } = queries.livePerson(medium.personId)!;
    if (found.every((known) => known.personId !== personId)) {
      found.push({ personId, score: 1, grade: 'certain' });
    }
  }
  for (const match of queries.match(demographicsOf(patient))) {
    if (found.some(({ personId }) => personId === match.personId)) continue;
    const score = Math.round(match.probability * 1e6) / 1e6;
    found.push({ personId: match.personId, score, grade: gradeOf(match) });
  }
  return found;
}

function gradeOf({ verdict, probability }: Match): Graded['grade'] {
  if (verdict === 'auto') return 'certain';
  return probability >= PROBABLE ? 'probable' : 'possible';
}

function inputOf(body: unknown): { resource: unknown; onlyCertain: boolean; count: number } {
  const { resourceType } = (body ?? {}) as { resourceType?: unknown };
  if (resourceType === 'Patient') return { resource: body, onlyCertain: false, count: 100 };
  if (resourceType !== 'Parameters') {
    throw new FhirProblem(400, 'invalid', 'the body has to be Parameters or a Patient');
  }
  const [resource, ...more] = partsOf(body, 'resource');
  if (resource === undefined || more.length > 0) {
    throw new FhirProblem(400, 'required', 'the parameter resource is needed once');
  }
  const onlyCertain = booleanOf(body, 'onlyCertainMatches');
  const count = partsOf(body, 'count')[0]?.['valueInteger'] ?? 100;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0) {
    throw new FhirProblem(400, 'invalid', 'count has to be a number of matches');
  }
  return { resource: resource['resource'], onlyCertain, count };
}
