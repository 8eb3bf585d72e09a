/** What a demographics query may ask for (QPD-3): who fits a value, and which ways lead to candidates. */
import { addressesOf, namesOf, telecomsOf } from '../../modules/empi/as-fed.ts';
import type { Way } from '../../modules/empi/find.ts';
import { isHan, splitChineseName } from '../../modules/empi/matching/chinese-name.ts';
import { FIELD } from '../../modules/empi/matching/fields.ts';
import {
  bareText,
  cleanText,
  normaliseIdNumber,
  normalisePhone,
} from '../../modules/empi/matching/normalise.ts';
import { patternOf } from '../../modules/empi/pattern.ts';
import { foldedName } from '../../modules/empi/person-keys.ts';
import type { SearchKey } from '../../modules/empi/search.ts';
import type { FedAddress, Person } from '../../modules/empi/types.ts';
import { bornOf, dayIn, isSex, sexOf } from './demographics.ts';

export interface Asked {
  fits: (person: Person) => boolean;
  ways: Way[];
  /** The condition with the lowest rank leads to the candidates. */
  rank: number;
}

/** Code of table 0357 for a value that nobody can read. */
export type Unreadable = '102' | '103';

type Item = (value: string) => Asked | Unreadable;

/** How few persons the ways lead to. */
const RANK = { one: 0, few: 1, some: 2, many: 3, none: 9 } as const;

const text =
  (
    textsOf: (person: Person) => readonly (string | undefined)[],
    normalise: (text: string | undefined) => string = bareText,
  ): Item =>
  (value) => {
    const pattern = patternOf(value, normalise);
    if (pattern === null) return '102';
    return { fits: (person) => textsOf(person).some(pattern.fits), ways: [], rank: RANK.none };
  };

/** Names that are indexed: a pattern is looked for from its start. */
const name =
  (kind: 'surname' | 'given', textsOf: (person: Person) => readonly string[], rank: number): Item =>
  (value) => {
    const pattern = patternOf(value, foldedName);
    if (pattern === null) return '102';
    const { start, isWhole } = pattern;
    const keys: SearchKey[] = [{ kind, value: start }];
    // A whole Chinese name may stand where the surname does.
    if (kind === 'surname' && isHan(start)) {
      keys.push({ kind, value: splitChineseName(start).surname });
    }
    const ways = keys
      .filter((key) => key.value !== '')
      .map((key): Way => ({ by: 'value', key, isWhole }));
    const isIndexed = start !== '';
    return {
      fits: (person) => textsOf(person).some(pattern.fits),
      ways: isIndexed ? ways : [],
      rank: isIndexed ? rank : RANK.none,
    };
  };

function familiesOf(person: Person): string[] {
  const { values } = person.normalised;
  const [surname, given] = [values[FIELD.surname]!, values[FIELD.givenName]!];
  const whole = isHan(surname) ? [surname + given] : [];
  return [surname, ...whole, ...namesOf(person).flatMap(({ family }) => family ?? [])];
}

function givenNamesOf(person: Person): string[] {
  const names = namesOf(person).flatMap(({ given = [] }) => [...given, given.join(' ')]);
  return [person.normalised.values[FIELD.givenName]!, ...names];
}

const familyName = name('surname', familiesOf, RANK.some);
const givenName = name('given', givenNamesOf, RANK.some);

/** PID-5 as a whole: the family name, with the given name as its second part. */
const fullName: Item = (value) => {
  const [family = '', given = ''] = value.split('&');
  const parts = [
    ...(family === '' ? [] : [familyName(family)]),
    ...(given === '' ? [] : [givenName(given)]),
  ];
  const [first, second] = parts;
  if (first === undefined) return '102';
  if (typeof first === 'string' || second === undefined) return first;
  if (typeof second === 'string') return second;
  return { ...first, fits: (person) => first.fits(person) && second.fits(person) };
};

/** A year, a month or a day. */
const born: Item = (value) => {
  const asked = dayIn(value.replace(/\*$/, ''));
  if (asked === null) return '102';
  const from = asked.padEnd(6, '01').padEnd(8, '01');
  const to = asked.length === 4 ? `${asked}1231` : asked.padEnd(8, '31');
  const rank = asked.length === 8 ? RANK.few : RANK.many;
  return {
    fits: (person) => bornOf(person).startsWith(asked),
    ways: [{ by: 'born', from, to }],
    rank,
  };
};

const sex: Item = (value) => {
  if (!isSex(value)) return '103';
  return { fits: (person) => sexOf(person) === value.toUpperCase(), ways: [], rank: RANK.none };
};

const phone: Item = (value) => {
  const pattern = patternOf(value, digitsOf);
  if (pattern === null) return '102';
  const number = pattern.isWhole ? normalisePhone(value) : '';
  const key: SearchKey = { kind: 'phone', value: number };
  const fits = (held: string | undefined) =>
    pattern.fits(held) || (number !== '' && normalisePhone(held) === number);
  return {
    fits: (person) => phonesOf(person).some(fits),
    ways: number === '' ? [] : [{ by: 'value', key, isWhole: true }],
    rank: number === '' ? RANK.none : RANK.one,
  };
};

/** The local number is the end of the whole one. */
const localPhone: Item = (value) => phone(`*${value}`);

function phonesOf(person: Person): (string | undefined)[] {
  return telecomsOf(person).flatMap(({ system, value }) => (system === 'email' ? [] : [value]));
}

function digitsOf(text: string | undefined): string {
  return (text ?? '').replace(/\D+/g, '');
}

const idNumber: Item = (value) => {
  const number = normaliseIdNumber(value);
  if (number === '') return '102';
  return {
    fits: ({ normalised }) => normalised.values[FIELD.idNumber] === number,
    ways: [{ by: 'value', key: { kind: 'id', value: number }, isWhole: true }],
    rank: RANK.one,
  };
};

const address = (partsOf: (address: FedAddress) => readonly (string | undefined)[]): Item =>
  text((person) => addressesOf(person).flatMap(partsOf));

const street = address(({ line = [], text }) => [...line, line.join(' '), text]);
const anyPart = address(({ line = [], text, city, district, state, postalCode, country }) => [
  ...line,
  line.join(' '),
  text,
  city,
  district,
  state,
  postalCode,
  country,
]);
const city = address((one) => [one.city]);

const maidenName = text(({ demographics }) => [demographics.mothersMaidenName], foldedName);
const account = text(({ demographics }) => [demographics.accountNumber]);
const mother = text(({ demographics }) => [demographics.motherNumber]);

/** The namespace (0) or the OID (1) of an authority. */
const authority = (item: 'accountAuthority' | 'motherAuthority', part: 0 | 1): Item =>
  text(({ demographics }) => [demographics[item]?.split('&')[part]], cleanText);

export const QUERY_ITEMS: Readonly<Record<string, Item>> = {
  '@PID.5': fullName,
  '@PID.5.1': familyName,
  '@PID.5.1.1': familyName,
  '@PID.5.2': givenName,
  '@PID.6': maidenName,
  '@PID.6.1': maidenName,
  '@PID.6.1.1': maidenName,
  '@PID.7': born,
  '@PID.7.1': born,
  '@PID.8': sex,
  '@PID.11': anyPart,
  '@PID.11.1': street,
  '@PID.11.1.1': street,
  '@PID.11.2': address(({ line = [] }) => line.slice(1)),
  '@PID.11.3': city,
  '@PID.11.4': address((one) => [one.state]),
  '@PID.11.5': address((one) => [one.postalCode]),
  '@PID.11.6': address((one) => [one.country]),
  '@PID.11.9': address((one) => [one.district]),
  '@PID.13': phone,
  '@PID.13.1': phone,
  '@PID.13.7': localPhone,
  '@PID.13.12': phone,
  '@PID.13.4': text(({ demographics }) => [demographics.email], cleanText),
  '@PID.18': account,
  '@PID.18.1': account,
  '@PID.18.4.1': authority('accountAuthority', 0),
  '@PID.18.4.2': authority('accountAuthority', 1),
  '@PID.19': idNumber,
  '@PID.19.1': idNumber,
  '@PID.21': mother,
  '@PID.21.1': mother,
  '@PID.21.4.1': authority('motherAuthority', 0),
  '@PID.21.4.2': authority('motherAuthority', 1),
};
