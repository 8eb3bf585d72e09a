/** Persons of the index as Patient resources, and back. */

import { FIELD } from '../../modules/empi/matching/fields.ts';
import type { EmpiQueries } from '../../modules/empi/queries.ts';
import type { Demographics, Medium, MediumInput, Person } from '../../modules/empi/types.ts';
import { FhirProblem } from './problem.ts';

/** The citizen identity number (居民身份证号码) as an identifier system. */
export const CITIZEN_ID_SYSTEM = 'urn:oid:2.16.156.10011.1.3';

export interface Identifier {
  system?: string;
  value?: string;
}

/** What of a Patient is read and written; anything else is left alone. */
export interface Patient {
  resourceType: 'Patient';
  id?: string;
  active?: boolean;
  identifier?: Identifier[];
  name?: { use?: string; text?: string; family?: string; given?: string[] }[];
  gender?: string;
  birthDate?: string;
  telecom?: { system?: string; value?: string }[];
  address?: {
    text?: string;
    line?: string[];
    city?: string;
    district?: string;
    state?: string;
    postalCode?: string;
  }[];
  link?: { other: { reference?: string; identifier?: Identifier }; type: string }[];
  meta?: { versionId: string };
  deceasedBoolean?: boolean;
}

/** A person with its identifiers; `systems` leaves out those of other domains. */
export function patientOf(
  queries: EmpiQueries,
  person: Person,
  systems?: ReadonlySet<string>,
): Patient {
  const { demographics, normalised, personId } = person;
  const identifier = identifiersOf(queries, person).filter(
    ({ system }) => systems === undefined || systems.has(system!),
  );
  const surname = normalised.values[FIELD.surname]!;
  const given = normalised.values[FIELD.givenName]!;
  const text = demographics.name ?? [demographics.surname, demographics.givenName].join('');
  const links = linksOf(queries, person);
  const address = addressOf(demographics);
  return {
    resourceType: 'Patient',
    id: personId,
    meta: { versionId: String(person.version) },
    active: person.status === 'active',
    ...(identifier.length > 0 ? { identifier } : {}),
    ...(text === '' ? {} : { name: [{ use: 'official', text, ...namesOf(surname, given) }] }),
    ...(normalised.values[FIELD.sex] === ''
      ? {}
      : { gender: genderOf(normalised.values[FIELD.sex]!) }),
    ...birthDateOf(normalised.values[FIELD.birthDate]!),
    ...(demographics.phone ? { telecom: [{ system: 'phone', value: demographics.phone }] } : {}),
    ...(address === null ? {} : { address: [address] }),
    ...(links.length > 0 ? { link: links } : {}),
  };
}

function namesOf(family: string, given: string) {
  return {
    ...(family === '' ? {} : { family }),
    ...(given === '' ? {} : { given: [given] }),
  };
}

function genderOf(sex: string): string {
  return sex === 'M' ? 'male' : 'female';
}

function birthDateOf(date: string): { birthDate?: string } {
  if (!/^\d{8}$/.test(date)) return {};
  return { birthDate: `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}` };
}

function addressOf({ address, suburb, state, postcode, street }: Demographics) {
  const parts = {
    ...(address ? { text: address } : {}),
    ...(street ? { line: [street] } : {}),
    ...(suburb ? { city: suburb } : {}),
    ...(state ? { state } : {}),
    ...(postcode ? { postalCode: postcode } : {}),
  };
  return Object.keys(parts).length === 0 ? null : parts;
}

export function identifierOf(queries: EmpiQueries, { domain, number }: Medium): Identifier {
  return { system: queries.domain(domain)!.system, value: number };
}

function identifiersOf(queries: EmpiQueries, person: Person): Identifier[] {
  const identifiers = queries
    .mediaOf(person)
    .filter(({ status }) => status !== 'cancelled')
    .map((medium) => identifierOf(queries, medium));
  const idNumber = person.normalised.values[FIELD.idNumber]!;
  if (/^\d{17}[\dX]$/.test(idNumber))
    identifiers.push({ system: CITIZEN_ID_SYSTEM, value: idNumber });
  return identifiers;
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

/** Throws FhirProblem 400 when it is no Patient. */
export function readPatient(resource: unknown): Patient {
  const patient = resource as Partial<Patient> | null;
  if (typeof patient !== 'object' || patient?.resourceType !== 'Patient') {
    throw new FhirProblem(400, 'invalid', 'the resource has to be a Patient');
  }
  for (const name of ['identifier', 'name', 'telecom', 'address', 'link'] as const) {
    const list = patient[name];
    if (list === undefined) continue;
    if (!Array.isArray(list) || list.some((item) => typeof item !== 'object' || item === null)) {
      throw new FhirProblem(400, 'invalid', `Patient.${name} has to be a list of objects`);
    }
  }
  return patient as Patient;
}

/** What a Patient says of the person; items that it leaves out are left out. */
export function demographicsOf(patient: Patient): Demographics {
  const name = patient.name?.find(({ use }) => use === 'official') ?? patient.name?.[0];
  const citizen = patient.identifier?.find(({ system }) => system === CITIZEN_ID_SYSTEM)?.value;
  const phone = patient.telecom?.find(({ system, value }) => system === 'phone' && value)?.value;
  const address = patient.address?.[0];
  const found: Record<string, string | undefined> = {
    ...(name?.family === undefined ? { name: name?.text } : {}),
    surname: name?.family,
    givenName: name?.family === undefined ? undefined : name.given?.join(' '),
    sex: patient.gender,
    birthDate: patient.birthDate,
    idNumber: citizen,
    phone,
    address: address?.text ?? address?.line?.join(''),
    suburb: address?.city ?? address?.district,
    state: address?.state,
    postcode: address?.postalCode,
  };
  const said = Object.entries(found).filter(
    ([, value]) => typeof value === 'string' && value !== '',
  );
  return Object.fromEntries(said) as Demographics;
}

/** Identifiers of domains that are known; of others there is nothing to keep. */
export function mediaOf(queries: EmpiQueries, patient: Patient): MediumInput[] {
  return (patient.identifier ?? []).flatMap(({ system, value }) => {
    const domain = system === undefined ? undefined : queries.domainOfSystem(system);
    if (domain === undefined || !value) return [];
    return [
      { domain: domain.code, number: value, type: domain.kind === 'card' ? 'card' : 'record' },
    ];
  });
}
