/** An index for looking people up by single values, as FHIR searches and counters do. */
import { FIELD, FIELDS } from './matching/fields.ts';
import {
  cleanText,
  type NormalisedPerson,
  normalisePerson,
  type PersonInput,
} from './matching/normalise.ts';
import type { Demographics, Person } from './types.ts';

export interface SearchKey {
  kind: 'surname' | 'given' | 'born' | 'phone' | 'email' | 'id';
  value: string;
}

const KINDS: readonly [SearchKey['kind'], keyof typeof FIELD][] = [
  ['surname', 'surname'],
  ['given', 'givenName'],
  ['born', 'birthDate'],
  ['phone', 'phone'],
  ['id', 'idNumber'],
];

/** Where a record with these values is looked for, the most selective key last. */
export function searchKeys({ values }: NormalisedPerson): SearchKey[] {
  return KINDS.flatMap(([kind, field]) => {
    const value = values[FIELD[field]]!;
    return value === '' ? [] : [{ kind, value }];
  });
}

/** What somebody looks for; the items that are not compared by the engine as they were given. */
export interface Wanted {
  normalised: NormalisedPerson;
  others: readonly (readonly [OtherItem, string])[];
}

export const OTHER_ITEMS = [
  'nation',
  'maritalStatus',
  'occupation',
  'mothersMaidenName',
  'email',
  'country',
  'deceased',
  'active',
] as const;

type OtherItem = (typeof OTHER_ITEMS)[number];

/** Items that are looked for by one field each; names are apart, for one may fill several fields. */
const FIELD_OF_ITEM: readonly [keyof PersonInput & keyof typeof FIELD, number][] = (
  [
    'sex',
    'birthDate',
    'idNumber',
    'phone',
    'postcode',
    'streetNumber',
    'street',
    'locality',
    'suburb',
    'state',
    'address',
  ] as const
).map((item) => [item, FIELD[item]]);

const NAMES = ['name', 'surname', 'givenName'] as const;

/** Items that were given and say nothing that can be looked for: an impossible date, `X` as a sex. */
export function unreadableItems(demographics: Demographics): (keyof Demographics)[] {
  const { values } = normalisePerson(demographics);
  const isGiven = (item: keyof Demographics) => (demographics[item] ?? '') !== '';
  const items: (keyof Demographics)[] = FIELD_OF_ITEM.filter(
    ([item, field]) => isGiven(item) && values[field] === '',
  ).map(([item]) => item);
  const isNamed = values[FIELD.surname] !== '' || values[FIELD.givenName] !== '';
  if (!isNamed) items.push(...NAMES.filter(isGiven));
  items.push(
    ...OTHER_ITEMS.filter((item) => isGiven(item) && cleanText(demographics[item]) === ''),
  );
  return items;
}

/** Null when something is given that nobody can read. */
export function wantedOf(demographics: Demographics): Wanted | null {
  if (unreadableItems(demographics).length > 0) return null;
  const normalised = normalisePerson(demographics);
  const others = OTHER_ITEMS.map((item) => [item, cleanText(demographics[item])] as const);
  return { normalised, others: others.filter(([, value]) => value !== '') };
}

/** Everybody agrees with it. */
export function saysNothing({ normalised, others }: Wanted): boolean {
  return others.length === 0 && normalised.values.every((value) => value === '');
}

export function agrees(person: Person, { normalised, others }: Wanted): boolean {
  const fits = FIELDS.every((_, field) => {
    const value = normalised.values[field]!;
    if (value === '') return true;
    const known = person.normalised.values[field]!;
    return known === value || (field === FIELD.address && known.includes(value));
  });
  return fits && others.every(([item, value]) => cleanText(person.demographics[item]) === value);
}
