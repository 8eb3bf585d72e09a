/** The blocking keys of one record, as text: where it stands in the index, and where it looks. */
import { FIELD, type FieldName } from './fields.ts';
import type { NormalisedPerson } from './normalise.ts';

type Part = (person: NormalisedPerson) => string;

const value =
  (field: FieldName): Part =>
  ({ values }) =>
    values[FIELD[field]]!;
const stretch =
  (field: FieldName, from: number, to?: number): Part =>
  ({ values }) => {
    const text = values[FIELD[field]]!;
    return text.length < Math.abs(from) || text.length < (to ?? 0) ? '' : text.slice(from, to);
  };
const surname: Part = ({ surnameSound }) => surnameSound;
const given: Part = ({ givenSound }) => givenSound;
/** Sounds in an order of their own: names that changed places have one key. */
const names: Part = ({ surnameSound, givenSound }) =>
  surnameSound === '' || givenSound === '' ? '' : [surnameSound, givenSound].sort().join(' ');

/** Each rule is as selective as a province needs: no key is shared by more than some dozens. */
const RULES: readonly (readonly Part[])[] = [
  [value('idNumber')],
  [value('phone')],
  [value('birthDate'), surname],
  [value('birthDate'), given],
  [names, stretch('birthDate', 0, 4)],
  [names, stretch('birthDate', 4, 8)],
  [names, value('address')],
  [names, value('postcode')],
  [value('street'), value('streetNumber')],
  [stretch('idNumber', -6), surname],
  [stretch('idNumber', 0, 10), given],
  [value('address')],
];

/** `rule/part/part`; rules with a missing part give none. */
export function blockingKeys(person: NormalisedPerson): string[] {
  const keys: string[] = [];
  RULES.forEach((parts, rule) => {
    const texts = parts.map((part) => part(person));
    if (texts.every((text) => text !== '')) keys.push(`${rule}/${texts.join('/')}`);
  });
  if (keys.length === 0 && names(person) !== '') keys.push(`n/${names(person)}`);
  return keys;
}

/** Rules that bring a household together as much as one person. */
const HOUSEHOLD_RULES = new Set(['1', '8', '11']);

/** The keys that hardly anybody but the person itself has. */
export function ownKeys(person: NormalisedPerson): string[] {
  return blockingKeys(person).filter((key) => !HOUSEHOLD_RULES.has(key.slice(0, key.indexOf('/'))));
}
