/** IHE PDQm ITI-78: looking patients up by what is known of them. */
import { findPersons, LOOKED_AT, type Way } from '../../modules/empi/find.ts';
import type { ApiResponse } from '../response.ts';
import { ALWAYS } from './birth-date.ts';
import type { FhirCall } from './call.ts';
import { patientOf } from './patient.ts';
import { FhirProblem, fhirJson, operationOutcome } from './problem.ts';
import { type Fits, PARAMETERS, tokenOf } from './search-parameters.ts';

/** What says how to answer, and nothing of the persons. */
const CONTROLS = new Set(['_format', '_count', '_summary', '_pretty', '_total', '_page']);
const RESULTS = 100;
const MOST_RESULTS = 1_000;

interface Condition {
  /** As it was asked for: `given:exact`. */
  whole: string;
  value: string;
  name: string;
  /** Of several values one has to fit. */
  values: string[];
  isExact: boolean;
}

interface Page {
  count: number;
  /** Only how many there are. */
  isCount: boolean;
  /** The last person of the page before. */
  behind: string;
}

/** `GET Patient?…` and `POST Patient/_search`. */
export async function searchPatients(call: FhirCall): Promise<ApiResponse> {
  const { parameters, queries, base } = call;
  const conditions = conditionsOf(call);
  const page = pageOf(parameters);
  const tests = conditions.map((condition) => testOf(condition, call));
  const fits: Fits = (person) => tests.every((test) => test(person));
  const { personIds, isComplete } = await findPersons(queries, waysOf(conditions, call), fits);
  const rest = personIds.filter((personId) => personId > page.behind);
  const shown = page.isCount ? [] : rest.slice(0, page.count);
  const systems = restrictedTo(conditions);
  const entry: object[] = shown.map((personId) => ({
    fullUrl: `${base}/Patient/${personId}`,
    resource: patientOf(queries, queries.person(personId)!, systems),
    search: { mode: 'match' },
  }));
  if (!isComplete) entry.push(incomplete());
  const hasNext = !page.isCount && rest.length > shown.length;
  return fhirJson({
    resourceType: 'Bundle',
    type: 'searchset',
    // Nobody knows how many there are when not all were looked at.
    ...(isComplete ? { total: personIds.length } : {}),
    link: [
      { relation: 'self', url: linkTo(call, conditions, page.behind) },
      ...(hasNext ? [{ relation: 'next', url: linkTo(call, conditions, shown.at(-1)!) }] : []),
    ],
    ...(entry.length === 0 ? {} : { entry }),
  });
}

function incomplete(): object {
  const what = `only ${LOOKED_AT} persons were looked at: ask for less`;
  return {
    resource: operationOutcome('warning', 'incomplete', what),
    search: { mode: 'outcome' },
  };
}

/** What was asked for and is known here; anything else is left out, unless the caller is strict. */
function conditionsOf({ parameters, isStrict }: FhirCall): Condition[] {
  const conditions: Condition[] = [];
  for (const [whole, value] of parameters) {
    const [name, modifier] = whole.split(':') as [string, string | undefined];
    if (CONTROLS.has(name)) continue;
    const parameter = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (parameter === undefined) {
      if (!isStrict) continue;
      throw new FhirProblem(400, 'not-supported', `the search parameter ${name} is not supported`);
    }
    const isExact = modifier === 'exact' && parameter.type === 'string';
    if (modifier !== undefined && !isExact) {
      throw new FhirProblem(400, 'not-supported', `the modifier ${modifier} is not supported here`);
    }
    const values = value.split(/(?<!\\),/).filter((one) => one !== '');
    if (values.length > 0) conditions.push({ whole, value, name, values, isExact });
  }
  if (conditions.length === 0) {
    throw new FhirProblem(400, 'required', 'a search needs at least one parameter that is known');
  }
  return conditions;
}

function pageOf(parameters: URLSearchParams): Page {
  const count = Number(parameters.get('_count') ?? RESULTS);
  if (!Number.isInteger(count) || count < 0) {
    throw new FhirProblem(400, 'invalid', '_count is a number');
  }
  const behind = parameters.get('_page') ?? '';
  if (!/^\d{0,64}$/.test(behind)) throw new FhirProblem(400, 'invalid', 'there is no such page');
  const isCount = count === 0 || parameters.get('_summary') === 'count';
  return { count: Math.min(count, MOST_RESULTS), isCount, behind };
}

function testOf({ name, values, isExact }: Condition, call: FhirCall): Fits {
  const fits = values.map((value) => PARAMETERS[name]!.fits(value, isExact, call));
  return (person) => fits.some((fit) => fit(person));
}

/** The search as it was understood, from a page on. */
function linkTo({ base, parameters }: FhirCall, conditions: Condition[], behind: string): string {
  const asked = new URLSearchParams();
  for (const { whole, value } of conditions) asked.append(whole, value);
  for (const name of ['_count', '_summary']) {
    const value = parameters.get(name);
    if (value !== null) asked.set(name, value);
  }
  if (behind !== '') asked.set('_page', behind);
  return `${base}/Patient?${asked}`;
}

/** Days that a search by birth date may look through before a name leads to fewer persons. */
const NARROW_DAYS = 31;
/** The first condition that is there leads to the candidates. */
const SELECTIVE: readonly ((condition: Condition, call: FhirCall) => boolean)[] = [
  ({ name }) => name === '_id',
  ({ name, values }) => name === 'identifier' && values.every((one) => tokenOf(one).code !== ''),
  ({ name }) => name === 'telecom',
  (condition, call) => condition.name === 'birthdate' && isNarrow(condition, call),
  ({ name }) => name === 'given',
  ({ name }) => name === 'family',
  ({ name }) => name === 'birthdate',
  ({ name }) => name === 'identifier',
];

function waysOf(conditions: Condition[], call: FhirCall): Way[] {
  for (const isIt of SELECTIVE) {
    const condition = conditions.find((one) => isIt(one, call));
    if (condition?.name === 'birthdate') return [bornWithin(conditions, call)];
    if (condition !== undefined) return waysOfOne(condition, call);
  }
  return [{ by: 'all' }];
}

function waysOfOne({ name, values }: Condition, call: FhirCall): Way[] {
  return values.flatMap((value) => PARAMETERS[name]!.ways!(value, call));
}

function isNarrow(condition: Condition, call: FhirCall): boolean {
  const { from, to } = bornWithin([condition], call);
  // Close enough for dates written as numbers: a month has at most 31 of them.
  return Number(to) - Number(from) <= NARROW_DAYS;
}

/** From the first day to the last one that all conditions on the birth date leave over. */
function bornWithin(conditions: Condition[], call: FhirCall) {
  let { from, to } = ALWAYS;
  for (const condition of conditions.filter(({ name }) => name === 'birthdate')) {
    const spans = waysOfOne(condition, call).filter((way) => way.by === 'born');
    const first = spans.map((span) => span.from).sort()[0]!;
    const last = spans
      .map((span) => span.to)
      .sort()
      .at(-1)!;
    if (first > from) from = first;
    if (last < to) to = last;
  }
  return { by: 'born', from, to } as const;
}

/** `identifier=system|` says which domains' identifiers the caller wants to see. */
function restrictedTo(conditions: Condition[]): ReadonlySet<string> | undefined {
  const systems = conditions
    .filter(({ name }) => name === 'identifier')
    .flatMap(({ values }) => values.map(tokenOf))
    .filter(({ system, code }) => system !== null && code === '')
    .map(({ system }) => system!);
  return systems.length === 0 ? undefined : new Set(systems);
}
