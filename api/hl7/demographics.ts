/** What a PID segment says of a person, and the other way round. */
import {
  addressesOf,
  comparedAddress,
  comparedName,
  comparedTelecom,
  namesOf,
  telecomsOf,
} from '../../modules/empi/as-fed.ts';
import { FIELD } from '../../modules/empi/matching/fields.ts';
import type {
  Demographics,
  FedAddress,
  FedName,
  FedTelecom,
  Person,
} from '../../modules/empi/types.ts';
import type { Finding } from './answers.ts';
import { addressIn, nameIn, telecomIn, xad, xpn, xtn } from './data-types.ts';
import { DELETED, escaped, type Segment } from './message.ts';

/** Items that it leaves out are left out; what it deletes is empty. */
export function demographicsOf(pid: Segment): Demographics {
  return {
    ...namesIn(pid),
    ...addressesIn(pid),
    ...telecomsIn(pid),
    ...said('mothersMaidenName', pid.firsts(6)[0]?.[0] ?? ''),
    ...said('birthDate', dateIn(pid.get(7))),
    ...said('sex', sexIn(pid.get(8))),
    ...said('accountNumber', pid.get(18)),
    ...said('accountAuthority', pid.get(18, 4)),
    ...said('motherNumber', pid.get(21)),
    ...said('motherAuthority', pid.get(21, 4)),
    ...(pid.get(19) === DELETED ? { idNumber: '' } : {}),
    ...said('deceased', deathIn(pid)),
  };
}

/** What of it cannot be read, and is left out. */
export function unreadableOf(pid: Segment): Finding[] {
  const found: Finding[] = [];
  const born = pid.get(7);
  if (born !== '' && born !== DELETED && dayIn(born) === null)
    found.push({ code: '102', location: 'PID^1^7', text: `${born} is no date` });
  const sex = pid.get(8);
  if (sex !== '' && sex !== DELETED && !isSex(sex))
    found.push({ code: '103', location: 'PID^1^8', text: `${sex} is no administrative sex` });
  return found;
}

function said(item: keyof Demographics, text: string): Demographics {
  const plain = text.trim();
  if (plain === '') return {};
  return { [item]: plain === DELETED ? '' : plain };
}

function namesIn(pid: Segment): Demographics {
  const names = pid.firsts(5).map(nameIn).filter(saysMore);
  if (names.length === 0 && !isDeleted(pid, 5)) return {};
  return { names, ...comparedName(names) };
}

function addressesIn(pid: Segment): Demographics {
  const addresses = pid.firsts(11).map(addressIn).filter(saysMore);
  if (addresses.length === 0 && !isDeleted(pid, 11)) return {};
  return { addresses, ...comparedAddress(addresses) };
}

/** PID-13 at home, PID-14 at work. */
function telecomsIn(pid: Segment): Demographics {
  const read = (field: number, use: string) =>
    pid.all(field).map((components) => telecomIn(components, use));
  const telecoms = [...read(13, 'home'), ...read(14, 'work')].filter(({ value }) => value);
  if (telecoms.length === 0 && !isDeleted(pid, 13)) return {};
  return { telecoms, ...comparedTelecom(telecoms) };
}

function isDeleted(pid: Segment, field: number): boolean {
  return pid.fields[field] === DELETED;
}

/** More than what it is used for. */
function saysMore(item: FedName | FedAddress): boolean {
  return Object.keys(item).some((part) => part !== 'use');
}

/** A year or a month as the index has them, with a hyphen; more than a day is a day. */
function dateIn(text: string): string {
  const digits = dayIn(text) ?? '';
  if (text === DELETED) return text;
  return digits.length === 6 ? `${digits.slice(0, 4)}-${digits.slice(4)}` : digits;
}

/** YYYY, YYYYMM or YYYYMMDD of a time stamp; null when it is none. */
export function dayIn(text: string): string | null {
  const [, year, month = '', day = ''] =
    /^(\d{4})(?:-?(0[1-9]|1[0-2])(?:-?(0[1-9]|[12]\d|3[01])[\d.+-]*)?)?$/.exec(text) ?? [];
  return year === undefined ? null : year + month + day;
}

/** Table 0001: what the index calls otherwise. */
const SEX_IN: Readonly<Record<string, string>> = { O: 'other', U: 'unknown' };
const SEX_OUT: Readonly<Record<string, string>> = { other: 'O', unknown: 'U', '0': 'U', '9': 'U' };
const SEXES = new Set(['F', 'M', 'O', 'U', 'A', 'N']);

function sexIn(code: string): string {
  return isSex(code) || code === DELETED ? (SEX_IN[code.toUpperCase()] ?? code) : '';
}

export function isSex(code: string): boolean {
  return SEXES.has(code.toUpperCase());
}

/** As it was fed; else what the index knows, also from the identity number. */
export function sexOf({ demographics: { sex = '' }, normalised }: Person): string {
  const fed = SEX_OUT[sex] ?? sex.toUpperCase();
  const known = normalised.values[FIELD.sex]!;
  return fed !== 'F' && fed !== 'M' && SEXES.has(fed) ? fed : known;
}

/** YYYYMMDD; only the month or the year when no more was fed. */
export function bornOf({ demographics: { birthDate = '' }, normalised }: Person): string {
  const partial = /^(\d{4})(?:-?(\d\d))?$/.exec(birthDate);
  return partial === null
    ? normalised.values[FIELD.birthDate]!
    : `${partial[1]}${partial[2] ?? ''}`;
}

function deathIn(pid: Segment): string {
  const [time, is] = [pid.get(29), pid.get(30)];
  const day = dayIn(time);
  if (day !== null) return day.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  if (time === DELETED || is === DELETED) return DELETED;
  return { Y: 'true', N: 'false' }[is] ?? '';
}

/** A person as a PID segment, with these identifiers. */
export function pidOf(person: Person, row: number, identifiers: readonly string[]): string[] {
  const { demographics } = person;
  const { accountNumber, accountAuthority, motherNumber, motherAuthority } = demographics;
  const { deceased = '' } = demographics;
  const telecoms = telecomsOf(person);
  const [work, home] = [telecoms.filter(isAtWork), telecoms.filter((one) => !isAtWork(one))];
  const fields: Readonly<Record<number, string>> = {
    1: String(row),
    3: identifiers.join('~'),
    5: namesOf(person).map(xpn).join('~'),
    6: escaped(demographics.mothersMaidenName ?? ''),
    7: bornOf(person),
    8: sexOf(person),
    11: addressesOf(person).map(xad).join('~'),
    13: home.map(xtn).join('~'),
    14: work.map(xtn).join('~'),
    18: cxAsFed(accountNumber, accountAuthority),
    19: escaped(demographics.idNumber ?? ''),
    21: cxAsFed(motherNumber, motherAuthority),
    29: /^\d{4}/.test(deceased) ? deceased.replace(/\D/g, '').slice(0, 8) : '',
    30: deceased === '' ? '' : deceased === 'false' ? 'N' : 'Y',
  };
  return ['PID', ...Array.from({ length: 30 }, (_, at) => fields[at + 1] ?? '')];
}

function isAtWork({ use }: FedTelecom): boolean {
  return use === 'work';
}

/** An authority keeps its own separators. */
function cxAsFed(number = '', authority = ''): string {
  const parts = authority.split('&').map(escaped).join('&');
  return [escaped(number), '', '', parts].join('^').replace(/\^+$/, '');
}
