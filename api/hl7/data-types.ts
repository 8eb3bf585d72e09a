/** Names (XPN), addresses (XAD) and telephone numbers (XTN) of HL7 v2, and what the index keeps of them. */
import type { FedAddress, FedName, FedTelecom } from '../../modules/empi/types.ts';
import { DELETED, escaped } from './message.ts';

/** Codes of HL7 (tables 0200, 0190) and what the index calls them. */
const NAME_USES: readonly (readonly [string, string])[] = [
  ['L', 'official'],
  ['M', 'maiden'],
  ['N', 'nickname'],
  ['S', 'anonymous'],
];
const ADDRESS_USES: readonly (readonly [string, string])[] = [
  ['H', 'home'],
  ['O', 'work'],
  ['B', 'work'],
  ['C', 'temp'],
  ['BA', 'old'],
];
/** Kinds of equipment (table 0202). */
const SYSTEMS: readonly (readonly [string, string])[] = [
  ['PH', 'phone'],
  ['CP', 'phone'],
  ['FX', 'fax'],
  ['BP', 'pager'],
  ['Internet', 'email'],
];

function nameOf(pairs: readonly (readonly [string, string])[], code: string): string | undefined {
  return pairs.find(([one]) => one === code)?.[1];
}

function codeOf(pairs: readonly (readonly [string, string])[], name = ''): string {
  return pairs.find(([, one]) => one === name)?.[0] ?? '';
}

/** Components from 1, as the standard counts them. */
type Part = (component: number) => string;

function partsOf(components: readonly string[]): Part {
  return (component) => {
    const text = components[component - 1] ?? '';
    return text === DELETED ? '' : text.trim();
  };
}

function listed<Name extends string>(name: Name, texts: readonly string[]) {
  const known = texts.filter((text) => text !== '');
  return (known.length === 0 ? {} : { [name]: known }) as Partial<Record<Name, string[]>>;
}

function told<Name extends string>(name: Name, text: string | undefined) {
  return (text ? { [name]: text } : {}) as Partial<Record<Name, string>>;
}

export function nameIn(components: readonly string[]): FedName {
  const part = partsOf(components);
  return {
    ...told('use', nameOf(NAME_USES, part(7))),
    ...told('family', part(1)),
    ...listed('given', [part(2), ...part(3).split(' ')]),
    ...listed('suffix', [part(4)]),
    ...listed('prefix', [part(5)]),
  };
}

export function xpn({ use, family = '', given = [], suffix, prefix, text }: FedName): string {
  const [first = '', ...others] = given;
  // A name that was fed in one stands where the family name does.
  const whole = family === '' && first === '' ? (text ?? '') : family;
  return written([
    whole,
    first,
    others.join(' '),
    suffix?.join(' ') ?? '',
    prefix?.join(' ') ?? '',
    '',
    codeOf(NAME_USES, use),
  ]);
}

export function addressIn(components: readonly string[]): FedAddress {
  const part = partsOf(components);
  return {
    ...told('use', nameOf(ADDRESS_USES, part(7))),
    ...listed('line', [part(1), part(2)]),
    ...told('city', part(3)),
    ...told('state', part(4)),
    ...told('postalCode', part(5)),
    ...told('country', part(6)),
    ...told('district', part(9)),
  };
}

export function xad(address: FedAddress): string {
  const { use, text, line = [], city, state, postalCode, country, district } = address;
  const [street = text ?? '', ...others] = line;
  const type = codeOf(ADDRESS_USES, use);
  const parts = [city, state, postalCode, country, type, '', district];
  return written([street, others.join(' '), ...parts.map((part) => part ?? '')]);
}

/** The number as one text, or from its parts: country, area, local number, extension. */
export function telecomIn(components: readonly string[], place: string): FedTelecom {
  const part = partsOf(components);
  const isEmail = part(2) === 'NET' || part(3) === 'Internet';
  const country = part(5) === '' ? '' : `+${part(5).replace(/^\+/, '')}`;
  const parts = [country, part(6), part(7), part(8)].filter((text) => text !== '').join(' ');
  const value = isEmail ? part(4) || part(1) : part(1) || part(12) || parts;
  const system = isEmail ? 'email' : (nameOf(SYSTEMS, part(3)) ?? 'phone');
  return { system, value, use: part(3) === 'CP' ? 'mobile' : place };
}

export function xtn({ system = 'phone', value = '', use }: FedTelecom): string {
  if (system === 'email') return written(['', 'NET', 'Internet', value]);
  const isMobile = use === 'mobile';
  const purpose = use === 'work' ? 'WPN' : 'PRN';
  return written([value, purpose, isMobile ? 'CP' : codeOf(SYSTEMS, system)]);
}

function written(components: readonly string[]): string {
  return components.map(escaped).join('^').replace(/\^+$/, '');
}
