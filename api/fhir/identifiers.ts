/** Identifiers of a person as FHIR has them: a system and a value. */
import { FIELD } from '../../modules/empi/matching/fields.ts';
import type { EmpiQueries } from '../../modules/empi/queries.ts';
import { isRetired, type Medium, type Person } from '../../modules/empi/types.ts';
import type { Identifier } from './patient-shape.ts';

/** The citizen identity number (居民身份证号码) as an identifier system. */
export const CITIZEN_ID_SYSTEM = 'urn:oid:2.16.156.10011.1.3';

export function identifierOf(queries: EmpiQueries, { domain, number }: Medium): Identifier {
  return { system: queries.domain(domain)!.system, value: number };
}

/** All that a person is known by and that is in use. */
export function identifiersOf(queries: EmpiQueries, person: Person): Identifier[] {
  const identifiers = queries
    .mediaOf(person)
    .filter(({ status }) => !isRetired(status))
    .map((medium) => identifierOf(queries, medium));
  return [...identifiers, ...citizenIdOf(person)];
}

/** The citizen identity number, when it is one. */
export function citizenIdOf({ normalised }: Person): Identifier[] {
  const value = normalised.values[FIELD.idNumber]!;
  return /^\d{17}[\dX]$/.test(value) ? [{ system: CITIZEN_ID_SYSTEM, value }] : [];
}
