/** IHE PDQm ITI-78: looking patients up by what is known of them. */
import { FIELD } from '../../modules/empi/matching/fields.ts';
import {
  bareText,
  cleanText,
  normaliseDate,
  normaliseName,
  normalisePhone,
  normaliseSex,
} from '../../modules/empi/matching/normalise.ts';
import type { SearchKey } from '../../modules/empi/search.ts';
import type { Person } from '../../modules/empi/types.ts';
import type { ApiResponse } from '../response.ts';
import type { FhirCall } from './call.ts';
import { CITIZEN_ID_SYSTEM, patientOf } from './patient.ts';
import { FhirProblem, fhirJson } from './problem.ts';

type Fits = (person: Person, call: FhirCall) => boolean;

interface Parameter {
  /** Whether a person fits one value; strings fit from their start unless `:exact` is asked for. */
  fits: (value: string, exact: boolean, call: FhirCall) => Fits;
  /** Where to look for candidates. */
  key?: (value: string) => SearchKey;
  isString?: boolean;
}

const text =
  (field: keyof typeof FIELD, normalise: (value: string) => string): Parameter['fits'] =>
  (value, exact) => {
    const wanted = normalise(value);
    return ({ normalised }) => {
      const held = normalised.values[FIELD[field]]!;
      return exact ? held === wanted : wanted !== '' && held.startsWith(wanted);
    };
  };

const part =
  (item: 'state' | 'suburb' | 'postcode' | 'mothersMaidenName'): Parameter['fits'] =>
  (value, exact) => {
    const wanted = bareText(value);
    return ({ demographics }) => {
      const held = bareText(demographics[item]);
      if (held !== '' || item === 'mothersMaidenName' || item === 'postcode') {
        return exact ? held === wanted : held.startsWith(wanted);
      }
      // A one-line address has its city and province within it.
      return bareText(demographics.address).includes(wanted);
    };
  };

const PARAMETERS: Readonly<Record<string, Parameter>> = {
  _id: {
    fits:
      (value) =>
      ({ personId }) =>
        personId === value,
  },
  active: {
    fits:
      (value) =>
      ({ status }) =>
        (status === 'active') === (value === 'true'),
  },
  family: {
    fits: text('surname', normaliseName),
    key: (value) => ({ kind: 'surname', value: normaliseName(value) }),
    isString: true,
  },
  given: {
    fits: text('givenName', normaliseName),
    key: (value) => ({ kind: 'given', value: normaliseName(value) }),
    isString: true,
  },
  identifier: { fits: fitsIdentifier },
  telecom: {
    fits:
      (value) =>
      ({ normalised }) =>
        normalised.values[FIELD.phone] === normalisePhone(value),
    key: (value) => ({ kind: 'phone', value: normalisePhone(value) }),
  },
  birthdate: {
    fits:
      (value) =>
      ({ normalised }) =>
        normalised.values[FIELD.birthDate] === normaliseDate(value.replace(/^eq/, '')),
    key: (value) => ({ kind: 'born', value: normaliseDate(value.replace(/^eq/, '')) }),
  },
  gender: {
    fits:
      (value) =>
      ({ normalised }) =>
        normalised.values[FIELD.sex] === normaliseSex(value),
  },
  address: {
    fits: (value, exact) => {
      const wanted = bareText(value);
      return ({ demographics: { address, suburb, state, street, postcode } }) =>
        [address, suburb, state, street, postcode].some((held) => {
          const bare = bareText(held);
          return exact ? bare === wanted : bare.includes(wanted) && wanted !== '';
        });
    },
    isString: true,
  },
  'address-city': { fits: part('suburb'), isString: true },
  'address-state': { fits: part('state'), isString: true },
  'address-postalcode': { fits: part('postcode'), isString: true },
  'address-country': {
    fits: (value) => () => ['cn', 'chn', 'china', '中国'].includes(cleanText(value)),
    isString: true,
  },
  mothersMaidenName: { fits: part('mothersMaidenName'), isString: true },
};

const CONTROLS = new Set(['_format', '_count', '_summary', '_pretty']);
const RESULTS = 100;

function fitsIdentifier(value: string, _exact: boolean, { queries }: FhirCall): Fits {
  const bar = value.indexOf('|');
  const number = value.slice(bar + 1);
  if (bar < 0) {
    return (person) => queries.mediaOf(person).some((medium) => medium.number === number);
  }
  const system = value.slice(0, bar);
  if (system === CITIZEN_ID_SYSTEM) {
    return ({ normalised }) =>
      number === '' || normalised.values[FIELD.idNumber] === number.toUpperCase();
  }
  const domain = queries.domainOfSystem(system);
  if (domain === undefined) throw new FhirProblem(404, 'code-invalid', 'targetSystem not found');
  return (person) =>
    queries
      .mediaOf(person)
      .some(
        ({ domain: held, number: value }) =>
          held === domain.code && (number === '' || value === number),
      );
}

interface Condition {
  name: string;
  values: string[];
  exact: boolean;
}

/** `GET Patient?…` and `POST Patient/_search`. */
export function searchPatients(call: FhirCall): ApiResponse {
  const conditions = conditionsOf(call.parameters);
  const tests = conditions.map(({ name, values, exact }) => {
    const fits = values.map((value) => PARAMETERS[name]!.fits(value, exact, call));
    return (person: Person) => fits.some((fit) => fit(person, call));
  });
  const limit = countOf(call.parameters);
  const found: Person[] = [];
  for (const person of candidatesOf(call, conditions)) {
    if (person.status === 'merged') continue;
    if (tests.every((test) => test(person))) found.push(person);
    if (found.length === limit) break;
  }
  const systems = restrictedTo(conditions);
  return fhirJson({
    resourceType: 'Bundle',
    type: 'searchset',
    total: found.length,
    link: [{ relation: 'self', url: `${call.base}/Patient?${call.parameters}` }],
    ...(found.length === 0
      ? {}
      : {
          entry: found.map((person) => ({
            fullUrl: `${call.base}/Patient/${person.personId}`,
            resource: patientOf(call.queries, person, systems),
            search: { mode: 'match' },
          })),
        }),
  });
}

function conditionsOf(parameters: URLSearchParams): Condition[] {
  const conditions: Condition[] = [];
  for (const [whole, value] of parameters) {
    const [name, modifier] = whole.split(':') as [string, string | undefined];
    if (CONTROLS.has(name)) continue;
    const parameter = PARAMETERS[name];
    if (parameter === undefined) {
      throw new FhirProblem(400, 'not-supported', `the search parameter ${name} is not supported`);
    }
    if (modifier !== undefined && !(modifier === 'exact' && parameter.isString)) {
      throw new FhirProblem(400, 'not-supported', `the modifier ${modifier} is not supported here`);
    }
    conditions.push({ name, values: value.split(','), exact: modifier === 'exact' });
  }
  if (conditions.length === 0) {
    throw new FhirProblem(400, 'required', 'a search needs at least one parameter');
  }
  return conditions;
}

function countOf(parameters: URLSearchParams): number {
  const count = Number(parameters.get('_count') ?? RESULTS);
  if (!Number.isInteger(count) || count < 0)
    throw new FhirProblem(400, 'invalid', '_count is a number');
  return Math.min(Math.max(1, count), 1000);
}

/** The condition that leads to the fewest persons decides where to look. */
const SELECTIVE = ['_id', 'identifier', 'telecom', 'birthdate', 'given', 'family'];

function* candidatesOf({ queries }: FhirCall, conditions: Condition[]): Iterable<Person> {
  for (const name of SELECTIVE) {
    const condition = conditions.find((one) => one.name === name);
    if (condition === undefined) continue;
    if (name === 'identifier' && condition.values.some((value) => /\|$|^[^|]*$/.test(value)))
      continue;
    const seen = new Set<string>();
    for (const value of condition.values) {
      for (const person of candidatesFor(queries, condition, value)) {
        if (seen.has(person.personId)) continue;
        seen.add(person.personId);
        yield person;
      }
    }
    return;
  }
  yield* queries.scan();
}

function* candidatesFor(
  queries: FhirCall['queries'],
  { name, exact }: Condition,
  value: string,
): Iterable<Person> {
  if (name === '_id') {
    const person = queries.person(value);
    if (person !== undefined) yield person;
    return;
  }
  if (name === 'identifier') {
    const [system, number] = [
      value.slice(0, value.indexOf('|')),
      value.slice(value.indexOf('|') + 1),
    ];
    if (system === CITIZEN_ID_SYSTEM) {
      yield* queries.byKey({ kind: 'id', value: number.toUpperCase() }, true);
      return;
    }
    const domain = queries.domainOfSystem(system);
    if (domain === undefined) throw new FhirProblem(404, 'code-invalid', 'targetSystem not found');
    const medium = queries.medium(domain.code, number);
    if (medium !== undefined) yield queries.livePerson(medium.personId)!;
    return;
  }
  const { key, isString = false } = PARAMETERS[name]!;
  yield* queries.byKey(key!(value), exact || !isString);
}

/** `identifier=system|` says which domains' identifiers the caller wants to see. */
function restrictedTo(conditions: Condition[]): ReadonlySet<string> | undefined {
  const systems = conditions
    .filter(({ name }) => name === 'identifier')
    .flatMap(({ values }) => values)
    .filter((value) => value.endsWith('|'))
    .map((value) => value.slice(0, -1));
  return systems.length === 0 ? undefined : new Set(systems);
}
