/** Persons of the index as Patient resources. */
import { addressesOf, namesOf, telecomsOf } from '../../modules/empi/as-fed.ts';
import { FIELD } from '../../modules/empi/matching/fields.ts';
import { isCalendarDate } from '../../modules/empi/matching/id-number.ts';
import type { EmpiQueries } from '../../modules/empi/queries.ts';
import type { FedConcept, Person } from '../../modules/empi/types.ts';
import { identifiersOf } from './identifiers.ts';
import { maritalCodeOf, maritalConceptOf } from './marital-status.ts';
import type { Patient } from './patient-shape.ts';

export const MOTHERS_MAIDEN_NAME =
  'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName';

/** A person with its identifiers; `systems` leaves out those of other domains. */
export function patientOf(
  queries: EmpiQueries,
  person: Person,
  systems?: ReadonlySet<string>,
): Patient {
  const { demographics, personId, version } = person;
  const { mothersMaidenName } = demographics;
  const identifier = identifiersOf(queries, person).filter(
    ({ system }) => systems === undefined || systems.has(system!),
  );
  const gender = genderOf(person);
  const birthDate = birthDateOf(person);
  return {
    resourceType: 'Patient',
    id: personId,
    meta: { versionId: String(version) },
    ...(mothersMaidenName
      ? { extension: [{ url: MOTHERS_MAIDEN_NAME, valueString: mothersMaidenName }] }
      : {}),
    active: isActive(person),
    ...listed('identifier', identifier),
    ...listed('name', namesOf(person)),
    ...(gender === null ? {} : { gender }),
    ...(birthDate === null ? {} : { birthDate }),
    ...deceasedOf(person),
    ...listed('telecom', telecomsOf(person)),
    ...listed('address', addressesOf(person)),
    ...maritalStatusOf(person),
    ...listed('link', linksOf(queries, person)),
  };
}

function listed<Name extends string, Item>(name: Name, items: Item[]) {
  return (items.length === 0 ? {} : { [name]: items }) as Partial<Record<Name, Item[]>>;
}

/** Whether the record is in use, here and at its source. */
export function isActive({ status, demographics }: Person): boolean {
  return status === 'active' && demographics.active !== 'false';
}

const GENDERS = ['male', 'female', 'other', 'unknown'] as const;
type Gender = (typeof GENDERS)[number];

/** As it was fed; else what the index knows, also from the identity number. */
export function genderOf({ demographics: { sex = '' }, normalised }: Person): Gender | null {
  const fed = GENDERS.find((one) => one === sex);
  if (fed !== undefined) return fed;
  const known = normalised.values[FIELD.sex];
  if (known === 'M') return 'male';
  if (known === 'F') return 'female';
  // GB/T 2261.1: 0 is unknown, 9 is not stated.
  return sex === '0' || sex === '9' ? 'unknown' : null;
}

/** `1984-05-12`; only the month or the year when no more was fed. */
export function birthDateOf({ demographics: { birthDate = '' }, normalised }: Person) {
  if (/^\d{4}(?:-\d\d)?$/.test(birthDate)) return birthDate;
  const day = normalised.values[FIELD.birthDate]!;
  if (!isCalendarDate(day)) return null;
  return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
}

function deceasedOf({ demographics: { deceased = '' } }: Person) {
  if (deceased === 'true' || deceased === 'false') return { deceasedBoolean: deceased === 'true' };
  return /^\d{4}/.test(deceased) ? { deceasedDateTime: deceased } : {};
}

function maritalStatusOf({ demographics }: Person): { maritalStatus?: FedConcept } {
  const { maritalStatus = '', maritalConcept } = demographics;
  if (maritalConcept !== undefined && maritalCodeOf(maritalConcept) === maritalStatus) {
    return { maritalStatus: maritalConcept };
  }
  return maritalStatus === '' ? {} : { maritalStatus: maritalConceptOf(maritalStatus) };
}

function linksOf(queries: EmpiQueries, person: Person): NonNullable<Patient['link']> {
  if (person.status === 'merged') {
    return [{ other: { reference: `Patient/${person.mergedInto}` }, type: 'replaced-by' }];
  }
  return person.merges.map((mergeId) => ({
    other: { reference: `Patient/${queries.merge(mergeId)!.absorbed}` },
    type: 'replaces',
  }));
}
