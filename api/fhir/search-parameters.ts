/** The search parameters of ITI-78: who fits a value, and which ways lead to candidates. */
import { addressesOf, namesOf, telecomsOf } from '../../modules/empi/as-fed.ts';
import type { Way } from '../../modules/empi/find.ts';
import { FIELD } from '../../modules/empi/matching/fields.ts';
import { bareText, cleanText, normalisePhone } from '../../modules/empi/matching/normalise.ts';
import { foldedName } from '../../modules/empi/person-keys.ts';
import type { SearchKey } from '../../modules/empi/search.ts';
import type { FedAddress, Person } from '../../modules/empi/types.ts';
import { askedDate } from './birth-date.ts';
import type { FhirCall } from './call.ts';
import { CITIZEN_ID_SYSTEM, identifiersOf } from './identifiers.ts';
import { birthDateOf, genderOf, isActive } from './patient.ts';
import { FhirProblem } from './problem.ts';

export type Fits = (person: Person) => boolean;

interface Parameter {
  type: 'token' | 'string' | 'date';
  /** Whether a person fits one value; strings fit from their start unless `isExact`. */
  fits: (value: string, isExact: boolean, call: FhirCall) => Fits;
  /** Where to look for candidates. */
  ways?: (value: string, call: FhirCall) => Way[];
}

/** `system|code`; without a bar the system is left open. */
interface Token {
  system: string | null;
  code: string;
}

export function tokenOf(value: string): Token {
  const bar = value.search(/(?<!\\)\|/);
  if (bar < 0) return { system: null, code: unescaped(value) };
  return { system: unescaped(value.slice(0, bar)), code: unescaped(value.slice(bar + 1)) };
}

/** Commas, bars and dollars of a value have a backslash before them. */
export function unescaped(text: string): string {
  return text.replace(/\\([\\,|$])/g, '$1');
}

/** A string fits one of several texts: as it is written, or from the start and without regard to case or accents. */
function string(
  textsOf: (person: Person) => readonly (string | undefined)[],
  normalise: (text: string | undefined) => string,
): Parameter['fits'] {
  return (escaped, isExact) => {
    const value = unescaped(escaped);
    if (isExact) return (person) => textsOf(person).includes(value);
    const wanted = normalise(value);
    return (person) =>
      wanted !== '' && textsOf(person).some((text) => normalise(text).startsWith(wanted));
  };
}

/** A part of an address; a one-line address has its parts within it. */
function addressPart(part: 'city' | 'state'): Parameter['fits'] {
  return (escaped, isExact) => {
    const value = unescaped(escaped);
    const wanted = bareText(value);
    const fits = (address: FedAddress) => {
      const held = address[part];
      if (isExact) return held === value;
      if (wanted === '') return false;
      if (held !== undefined) return bareText(held).startsWith(wanted);
      return bareText(address.text).includes(wanted);
    };
    return (person) => addressesOf(person).some(fits);
  };
}

function fitsAddress(escaped: string, isExact: boolean): Fits {
  const value = unescaped(escaped);
  const wanted = bareText(value);
  const fits = (text: string | undefined) =>
    isExact ? text === value : wanted !== '' && bareText(text).includes(wanted);
  return (person) =>
    addressesOf(person).some(({ text, line = [], city, district, state, postalCode, country }) =>
      [text, ...line, line.join(''), city, district, state, postalCode, country].some(fits),
    );
}

const CHINA = new Set(['cn', 'chn', 'china', '中国', '156']);

function country(text: string | undefined): string {
  const bare = bareText(text);
  return CHINA.has(bare) ? 'cn' : bare;
}

/** A code of an element whose system goes without saying. */
function code(system: string, codeOf: (person: Person) => string | null): Parameter['fits'] {
  return (value) => {
    const token = tokenOf(value);
    const isOurs = token.system === null || token.system === system;
    return (person) => isOurs && codeOf(person) === token.code;
  };
}

function fitsTelecom(value: string): Fits {
  const { system, code: wanted } = tokenOf(value);
  const [phone, text] = [normalisePhone(wanted), cleanText(wanted)];
  return (person) =>
    telecomsOf(person).some((telecom) => {
      if (system !== null && telecom.system !== system) return false;
      const isNumber = telecom.system !== 'email' && telecom.system !== 'url';
      if (isNumber && phone !== '' && normalisePhone(telecom.value) === phone) return true;
      return text !== '' && cleanText(telecom.value) === text;
    });
}

function waysOfTelecom(value: string): Way[] {
  const { code: wanted } = tokenOf(value);
  const key = wanted.includes('@')
    ? ({ kind: 'email', value: cleanText(wanted) } as const)
    : ({ kind: 'phone', value: normalisePhone(wanted) } as const);
  // What is neither is not in the index.
  return key.value === '' ? [{ by: 'all' }] : [{ by: 'value', key, isWhole: true }];
}

function fitsIdentifier(value: string, _isExact: boolean, call: FhirCall): Fits {
  const token = tokenOf(value);
  refuseUnknownSystem(token, call);
  const number = token.system === CITIZEN_ID_SYSTEM ? token.code.toUpperCase() : token.code;
  return (person) =>
    identifiersOf(call.queries, person).some(({ system, value: held }) => {
      if (token.system === null) return held === number || held === number.toUpperCase();
      return system === token.system && (number === '' || held === number);
    });
}

function waysOfIdentifier(value: string, call: FhirCall): Way[] {
  const { system, code: number } = tokenOf(value);
  const key: SearchKey = { kind: 'id', value: number.toUpperCase() };
  const citizen: Way = { by: 'value', key, isWhole: true };
  if (system === null) {
    const domains = call.queries.domains();
    return [
      ...domains.map((domain): Way => ({ by: 'number', domain: domain.code, number })),
      citizen,
    ];
  }
  if (system === CITIZEN_ID_SYSTEM) return number === '' ? [{ by: 'all' }] : [citizen];
  const domain = call.queries.domainOfSystem(system);
  if (domain === undefined) return [];
  const { code: of } = domain;
  return number === '' ? [{ by: 'domain', domain: of }] : [{ by: 'number', domain: of, number }];
}

/** An empty system asks for identifiers without one; here is none. */
function refuseUnknownSystem({ system }: Token, { queries }: FhirCall): void {
  if (system === null || system === '' || system === CITIZEN_ID_SYSTEM) return;
  if (queries.domainOfSystem(system) !== undefined) return;
  throw new FhirProblem(404, 'not-found', 'targetSystem not found', { severity: 'warning' });
}

/** Of a name that was fed in one, the part that the index takes for the family name. */
function familiesOf(person: Person): string[] {
  const families = namesOf(person).flatMap(({ family }) => family ?? []);
  return families.length > 0 ? families : [person.normalised.values[FIELD.surname]!];
}

/** Each given name, and all of one name together. */
function givenNamesOf(person: Person): string[] {
  const given = namesOf(person).flatMap(({ given = [] }) => [...given, given.join(' ')]);
  return given.length > 0 ? given : [person.normalised.values[FIELD.givenName]!];
}

function nameWays(kind: 'surname' | 'given'): (value: string) => Way[] {
  return (value) => {
    const key = { kind, value: foldedName(unescaped(value)) };
    return key.value === '' ? [] : [{ by: 'value', key, isWhole: false }];
  };
}

export const PARAMETERS: Readonly<Record<string, Parameter>> = {
  _id: {
    type: 'token',
    fits: (value) => (person) => person.personId === value,
    ways: (value) => [{ by: 'person', personId: value }],
  },
  active: {
    type: 'token',
    fits: code('http://terminology.hl7.org/CodeSystem/special-values', (person) =>
      String(isActive(person)),
    ),
  },
  family: {
    type: 'string',
    fits: string(familiesOf, foldedName),
    ways: nameWays('surname'),
  },
  given: {
    type: 'string',
    fits: string(givenNamesOf, foldedName),
    ways: nameWays('given'),
  },
  identifier: { type: 'token', fits: fitsIdentifier, ways: waysOfIdentifier },
  telecom: { type: 'token', fits: fitsTelecom, ways: waysOfTelecom },
  birthdate: {
    type: 'date',
    fits: (value) => {
      const asked = askedDate(value);
      return (person) => {
        const held = birthDateOf(person);
        return held !== null && asked.fits(held);
      };
    },
    ways: (value) => [{ by: 'born', ...askedDate(value).among }],
  },
  gender: { type: 'token', fits: code('http://hl7.org/fhir/administrative-gender', genderOf) },
  address: { type: 'string', fits: fitsAddress },
  'address-city': { type: 'string', fits: addressPart('city') },
  'address-state': { type: 'string', fits: addressPart('state') },
  'address-postalcode': {
    type: 'string',
    fits: string((person) => addressesOf(person).map(({ postalCode }) => postalCode), bareText),
  },
  'address-country': {
    type: 'string',
    fits: string((person) => addressesOf(person).map((address) => address.country), country),
  },
  mothersMaidenName: {
    type: 'string',
    fits: string(({ demographics }) => [demographics.mothersMaidenName], foldedName),
  },
};
