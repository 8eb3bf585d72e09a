/**
 * From what a register or a file says of a person to what is compared. Values that say nothing (a
 * dash, `unknown`, an impossible date) become empty: an empty value counts neither for nor against.
 */
import { isHan, soundOf, splitChineseName, surnameSoundOf } from './chinese-name.ts';
import { FIELD, FIELD_COUNT } from './fields.ts';
import { readIdNumber, upgrade15 } from './id-number.ts';

/** A person as it was written; every item may be left out. */
export interface PersonInput {
  /** Family and given name in one, Chinese or Latin. */
  name?: string;
  surname?: string;
  givenName?: string;
  sex?: string;
  birthDate?: string;
  /** `01` or a word: see DOCUMENT_TYPES. Left out: found by the form of the number. */
  idType?: string;
  idNumber?: string;
  phone?: string;
  postcode?: string;
  streetNumber?: string;
  street?: string;
  locality?: string;
  suburb?: string;
  state?: string;
  address?: string;
}

/** Bits of `NormalisedPerson.flags`. */
export const PersonFlag = {
  /** The identity number is a citizen's, and its check character is right. */
  validId: 1,
  /** Named after the mother: a child that has no name yet. */
  newborn: 2,
  /** The identity number's birth date is not the person's: a guardian's number. */
  borrowedId: 4,
  /** The number says another sex than the record. */
  sexDisagrees: 8,
  /** The number says another birth date than the record. */
  dateDisagrees: 16,
} as const;

export interface NormalisedPerson {
  /** One text a field, in the order of FIELDS; empty where nothing is known. */
  values: string[];
  surnameSound: string;
  givenSound: string;
  flags: number;
}

const NOTHING = /^(?:[-—_*.\s/\\]*|无|不详|未知|未说明|none|null|unknown|n\/?a|nan)$/i;

/**
 * NFKC, one kind of middle dot, lower case, no outer space; empty when it says nothing. Tables write
 * whole numbers as `19560409.0` where a column has gaps.
 */
export function cleanText(text: string | undefined): string {
  if (text === undefined || text === '') return '';
  const plain = unify(text);
  if (plain.length <= 7 && NOTHING.test(plain)) return '';
  if (plain.endsWith('.0') && /^\d+\.0$/.test(plain)) return plain.slice(0, -2);
  return HAS_UPPER_CASE.test(plain) ? plain.toLowerCase() : plain;
}

const HAS_UPPER_CASE = /[^a-z0-9 \u4e00-\u9fff]/;

function unify(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[·・•‧⋅∙・]/g, '·')
    .trim();
}

const SIGNS = /[\s'’`.,;:()#&/\\-]/;

/** Letters, digits and characters only: spaces and signs come and go between registers. */
export function bareText(text: string | undefined): string {
  const clean = cleanText(text);
  return SIGNS.test(clean) ? clean.replace(/[\s'’`.,;:()#&/\\-]+/g, '') : clean;
}

export function normaliseName(text: string | undefined): string {
  return cleanText(text)
    .replace(/[\s'’`.,-]+/g, '')
    .replace(/^·+|·+$/g, '');
}

export function normaliseNumber(text: string | undefined): string {
  return bareText(text).replace(/^0+(?=\d)/, '');
}

/** Digits of a phone number without country prefix; fewer than seven, or all the same, say nothing. */
export function normalisePhone(text: string | undefined): string {
  let digits = cleanText(text).replace(/\D+/g, '');
  if (digits.length > 11 && digits.startsWith('0086')) digits = digits.slice(4);
  else if (digits.length === 13 && digits.startsWith('86')) digits = digits.slice(2);
  return digits.length < 7 || /^(\d)\1*$/.test(digits.slice(-8)) ? '' : digits;
}

/** `M`, `F` or nothing, from the codes of GB/T 2261.1, from words and from FHIR's codes. */
export function normaliseSex(text: string | undefined): string {
  switch (cleanText(text)) {
    case '1':
    case 'm':
    case 'male':
    case '男':
    case '男性':
      return 'M';
    case '2':
    case 'f':
    case 'female':
    case '女':
    case '女性':
      return 'F';
    default:
      return '';
  }
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

/**
 * YYYYMMDD. Eight digits stay as they are even when there is no such day: a date with a wrong digit
 * is still close to the right one. Dates that stand for "unknown" become nothing. Of `12/25/1980` the
 * day is what cannot be a month; where both could be, the day stands first.
 */
export function normaliseDate(text: string | undefined): string {
  return readDate(text) ?? '';
}

/** The same; null for what cannot be read as a date. */
export function readDate(text: string | undefined): string | null {
  const clean = cleanText(text);
  if (clean === '') return '';
  if (/^\d{8}$/.test(clean)) return isPlaceholderDate(clean) ? '' : clean;
  const parts = /^(\d{4})\D+(\d{1,2})\D+(\d{1,2})(?:\D.*)?$/.exec(clean);
  if (parts !== null) return joinDate(parts[1]!, parts[2]!, parts[3]!);
  const reversed = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:\D.*)?$/.exec(clean);
  if (reversed !== null) {
    const [, first, second, year] = reversed as unknown as [string, string, string, string];
    const isMonthFirst = Number(second) > 12 && Number(first) <= 12;
    return isMonthFirst ? joinDate(year, first, second) : joinDate(year, second, first);
  }
  return dateInWords(clean);
}

/** `9 Apr 1956`, `09-april-1956`, `April 9, 1956`. */
function dateInWords(clean: string): string | null {
  const parts =
    /^(\d{1,2})[\s./-]*([a-z]{3})[a-z]*[\s.,/-]*(\d{4})$/.exec(clean) ??
    /^([a-z]{3})[a-z]*[\s./-]*(\d{1,2})[\s.,/-]+(\d{4})$/.exec(clean);
  if (parts === null) return null;
  const [, first, second, year] = parts as unknown as [string, string, string, string];
  const [day, word] = /^\d/.test(first) ? [first, second] : [second, first];
  const month = MONTHS.indexOf(word) + 1;
  return month === 0 ? null : joinDate(year, String(month), day);
}

function joinDate(year: string, month: string, day: string): string {
  const date = year + month.padStart(2, '0') + day.padStart(2, '0');
  return isPlaceholderDate(date) ? '' : date;
}

function isPlaceholderDate(date: string): boolean {
  return date === '19000101' || date === '00010101' || /^(\d)\1*$/.test(date);
}

/** Codes of the identity document types that hospitals write, and the words for them. */
const DOCUMENT_TYPES: Readonly<Record<string, string>> = {
  '01': 'citizen',
  '1': 'citizen',
  身份证: 'citizen',
  居民身份证: 'citizen',
  idcard: 'citizen',
  '02': 'household',
  户口簿: 'household',
  '03': 'passport',
  护照: 'passport',
  passport: 'passport',
  '04': 'officer',
  军官证: 'officer',
  '05': 'licence',
  '06': 'hong-kong-macau',
  港澳居民来往内地通行证: 'hong-kong-macau',
  '07': 'taiwan',
  台湾居民来往内地通行证: 'taiwan',
};

/**
 * Citizen numbers as 18 characters, others with their type in front (`passport:e1234`), numbers of an
 * unnamed kind as they are.
 */
export function normaliseIdNumber(number: string | undefined, type?: string): string {
  const bare = bareText(number).toUpperCase();
  if (bare === '' || /^0+$/.test(bare)) return '';
  const kind = DOCUMENT_TYPES[bareText(type)] ?? 'citizen';
  if (kind !== 'citizen' && kind !== 'household') return `${kind}:${bare.toLowerCase()}`;
  if (/^\d{15}$/.test(bare)) {
    const upgraded = upgrade15(bare);
    return readIdNumber(upgraded) === null ? bare : upgraded;
  }
  return bare;
}

/** A one-line address without spaces and signs, with one way to write its common parts. */
export function normaliseAddress(text: string | undefined): string {
  const bare = bareText(text);
  if (!isHan(bare)) return bare;
  return bare
    .replace(/号楼|幢/g, '栋')
    .replace(/弄|巷/g, '弄')
    .replace(/号院/g, '号');
}

export function normalisePerson(input: PersonInput): NormalisedPerson {
  const values = new Array<string>(FIELD_COUNT).fill('');
  const names = nameParts(input);
  values[FIELD.surname] = names.surname;
  values[FIELD.givenName] = names.givenName;
  values[FIELD.sex] = normaliseSex(input.sex);
  values[FIELD.birthDate] = normaliseDate(input.birthDate);
  values[FIELD.phone] = normalisePhone(input.phone);
  values[FIELD.postcode] = bareText(input.postcode);
  values[FIELD.streetNumber] = normaliseNumber(input.streetNumber);
  values[FIELD.street] = bareText(input.street);
  values[FIELD.locality] = bareText(input.locality);
  values[FIELD.suburb] = bareText(input.suburb);
  values[FIELD.state] = bareText(input.state);
  values[FIELD.address] = normaliseAddress(input.address);
  let flags = names.newborn ? PersonFlag.newborn : 0;
  flags |= applyIdNumber(values, normaliseIdNumber(input.idNumber, input.idType), flags);
  return {
    values,
    surnameSound: surnameSoundOf(names.surname),
    givenSound: soundOf(names.givenName),
    flags,
  };
}

/** Puts the number in, lets it fill what the record leaves out, and says what it disagrees with. */
function applyIdNumber(values: string[], number: string, flags: number): number {
  const facts = readIdNumber(number);
  if (facts === null) {
    values[FIELD.idNumber] = number;
    return 0;
  }
  const born = values[FIELD.birthDate]!;
  if (isGuardians(born, facts.birthDate) || (flags & PersonFlag.newborn && born === ''))
    return PersonFlag.borrowedId;
  values[FIELD.idNumber] = number;
  if (born === '') values[FIELD.birthDate] = facts.birthDate;
  const sex = values[FIELD.sex];
  if (sex === '') values[FIELD.sex] = facts.sex;
  let disagrees = 0;
  if (sex !== '' && sex !== facts.sex) disagrees |= PersonFlag.sexDisagrees;
  if (born !== '' && born !== facts.birthDate) disagrees |= PersonFlag.dateDisagrees;
  return PersonFlag.validId | disagrees;
}

/**
 * Whether the number's owner was at least fourteen when the person was born, and the two dates are
 * no slip of the pen: a child carries its mother's number.
 */
function isGuardians(born: string, ownerBorn: string): boolean {
  if (born === '' || Number(born.slice(0, 4)) - Number(ownerBorn.slice(0, 4)) < 14) return false;
  let different = 0;
  for (let i = 0; i < 8; i++) if (born[i] !== ownerBorn[i]) different++;
  return different >= 3;
}

function nameParts(input: PersonInput): { surname: string; givenName: string; newborn: boolean } {
  if (cleanText(input.name) !== '') return splitName(cleanText(input.name));
  const surname = normaliseName(input.surname);
  const givenName = normaliseName(input.givenName);
  if (surname === '' && isHan(givenName) && givenName.length > 2)
    return splitChineseName(givenName);
  if (givenName === '' && isHan(surname) && surname.length > 2) return splitChineseName(surname);
  return { surname, givenName, newborn: false };
}

/** Latin names have the surname last, or first with a comma behind it. */
function splitName(name: string) {
  if (isHan(name)) return splitChineseName(normaliseName(name));
  const comma = name.indexOf(',');
  if (comma > 0) {
    const surname = normaliseName(name.slice(0, comma));
    return { surname, givenName: normaliseName(name.slice(comma + 1)), newborn: false };
  }
  const words = name.split(/\s+/);
  const surname = words.length > 1 ? normaliseName(words.pop()) : '';
  return { surname, givenName: normaliseName(words.join('')), newborn: false };
}
