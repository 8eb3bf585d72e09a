/**
 * What sources wrote of a person, to be given back as they wrote it, and the single values of it that
 * are compared. A list counts as long as the compared values are still the ones taken from it: when
 * another source has changed those since, they are what is known.
 */
import { isHan } from './matching/chinese-name.ts';
import { FIELD } from './matching/fields.ts';
import { normaliseName } from './matching/normalise.ts';
import type { Demographics, FedAddress, FedName, FedTelecom, Person } from './types.ts';

type Known = Pick<Person, 'demographics' | 'normalised'>;
/** A group of single values: all of them are told, those that are not known as empty. */
type Values<Item extends keyof Demographics> = Record<Item, string>;

const NOT_IN_USE = new Set(['old', 'maiden', 'nickname', 'anonymous', 'temp']);

/** The name that is compared: the official one, or the first that is in use. */
export function comparedName(names: readonly FedName[]): Values<'name' | 'surname' | 'givenName'> {
  const chosen =
    names.find(({ use }) => use === 'official') ??
    names.find(({ use = '' }) => !NOT_IN_USE.has(use)) ??
    names[0];
  const { family = '', given = [], text = '' } = chosen ?? {};
  if (family === '' && text !== '') return { name: text, surname: '', givenName: '' };
  return { name: '', surname: family, givenName: given.join(' ') };
}

/** The first phone number and the first e-mail address. */
export function comparedTelecom(telecoms: readonly FedTelecom[]): Values<'phone' | 'email'> {
  const first = (wanted: string) =>
    telecoms.find(({ system, value, use }) => system === wanted && value && use !== 'old')?.value;
  return { phone: first('phone') ?? '', email: first('email') ?? '' };
}

/** The first address that is in use. */
export function comparedAddress(
  addresses: readonly FedAddress[],
): Values<'address' | 'suburb' | 'state' | 'postcode' | 'country'> {
  const chosen = addresses.find(({ use }) => use !== 'old') ?? addresses[0] ?? {};
  const { text, line = [], city, district, state, postalCode, country } = chosen;
  return {
    address: text ?? line.join(isHan(line.join('')) ? '' : ' '),
    suburb: city ?? district ?? '',
    state: state ?? '',
    postcode: postalCode ?? '',
    country: country ?? '',
  };
}

export function namesOf({ demographics, normalised }: Known): FedName[] {
  const { names, name = '', surname = '', givenName = '' } = demographics;
  if (names !== undefined && holds(demographics, comparedName(names))) return names;
  if (name === '') {
    const text = isHan(surname) ? surname + givenName : `${givenName} ${surname}`.trim();
    return text === '' ? [] : [official(text, surname, givenName === '' ? [] : [givenName])];
  }
  const family = normalised.values[FIELD.surname]!;
  if (isHan(name)) return [official(name, family, [normalised.values[FIELD.givenName]!])];
  // The parts as they were written, in upper and lower case.
  const words = name.split(/[\s,]+/).filter((word) => word !== '');
  const written = words.findLast((word) => normaliseName(word) === family);
  const others = words.filter((word) => word !== written);
  return [official(name, written ?? '', written === undefined ? [] : others)];
}

function official(text: string, family: string, given: string[]): FedName {
  const parts = given.filter((part) => part !== '');
  return {
    use: 'official',
    text,
    ...(family === '' ? {} : { family }),
    ...(parts.length === 0 ? {} : { given: parts }),
  };
}

export function telecomsOf({ demographics }: Pick<Person, 'demographics'>): FedTelecom[] {
  const { telecoms, phone = '', email = '' } = demographics;
  if (telecoms !== undefined && holds(demographics, comparedTelecom(telecoms))) return telecoms;
  return [
    ...(phone === '' ? [] : [{ system: 'phone', value: phone }]),
    ...(email === '' ? [] : [{ system: 'email', value: email }]),
  ];
}

export function addressesOf({ demographics }: Pick<Person, 'demographics'>): FedAddress[] {
  const { addresses } = demographics;
  if (addresses !== undefined && holds(demographics, comparedAddress(addresses))) return addresses;
  const { address, street, streetNumber, suburb, state, postcode, country } = demographics;
  const line = [streetNumber, street].filter(Boolean).join(' ');
  const parts: FedAddress = {
    ...(address ? { text: address } : {}),
    ...(line ? { line: [line] } : {}),
    ...(suburb ? { city: suburb } : {}),
    ...(state ? { state } : {}),
    ...(postcode ? { postalCode: postcode } : {}),
    ...(country ? { country } : {}),
  };
  return Object.keys(parts).length === 0 ? [] : [parts];
}

const NAME = ['names', 'name', 'surname', 'givenName'] as const;

/** What another source knows beside what is known: a name comes as a whole or not at all. */
export function addedTo(known: Demographics, more: Demographics): Demographics {
  const isNamed = NAME.some((item) => known[item] !== undefined && known[item] !== '');
  const added = Object.entries(more).filter(
    ([item]) => !isNamed || !(NAME as readonly string[]).includes(item),
  );
  const held = Object.entries(known).filter(([, value]) => value !== '');
  return Object.fromEntries([...added, ...held]) as Demographics;
}

/** Whether these are the values that are known now. */
function holds(demographics: Demographics, values: Partial<Record<keyof Demographics, string>>) {
  return Object.entries(values).every(
    ([item, value]) => (demographics[item as keyof Demographics] ?? '') === value,
  );
}
