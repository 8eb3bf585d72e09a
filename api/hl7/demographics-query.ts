/** Demographics (QBP^Q22 to RSP^K22). */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import { FIELD } from '../../modules/empi/matching/fields.ts';
import type { Demographics, Domain, Person } from '../../modules/empi/types.ts';
import { QueryRefused, response } from './answers.ts';
import { cxOf, domainOf } from './identifiers.ts';
import { escaped, type Hl7Message } from './message.ts';
import { checkQuery, domainsOf, unknown } from './query.ts';

/** Persons in one answer when the query does not say how many. */
const ROWS = 50;
const MOST_ROWS = 500;

/** Fields that a demographics query may name, and the item that they ask for. */
const QUERY_ITEMS: Readonly<Record<string, string>> = {
  '@PID.5.1': 'surname',
  '@PID.5.1.1': 'surname',
  '@PID.5.2': 'givenName',
  '@PID.7': 'birthDate',
  '@PID.7.1': 'birthDate',
  '@PID.8': 'sex',
  '@PID.11.1': 'address',
  '@PID.11.5': 'postcode',
  '@PID.13.1': 'phone',
  '@PID.19': 'idNumber',
};

interface Asked {
  demographics: Demographics;
  number: string;
  /** Assigning authority of the number: its code, and its OID. */
  authority: { code: string; oid: string };
}

/** Long answers come in parts: DSC-1 of an answer, sent back in DSC-1 of the query, gives the next one. */
export function demographicsQuery(message: Hl7Message, door: EmpiDoor, nowMs: number): string {
  checkQuery(message);
  const asked = askedOf(message);
  const shown = domainsOf(message, 8, door);
  const behind = message.get('DSC', 1);
  if (!/^\d*$/.test(behind)) throw unknown('DSC^1^1', 'no such continuation pointer');
  const limit = rowsOf(message);
  const found =
    asked.number === ''
      ? door.queries.search(asked.demographics, limit + 1, behind)
      : holders(asked, door).filter(({ personId }) => personId > behind);
  const page = found.slice(0, limit);
  const rows = page.map((person, at) => pidOf(person, at + 1, shown, door));
  const isMore = found.length > page.length;
  return response(message, nowMs, {
    type: 'RSP^K22^RSP_K21',
    rows,
    ...(isMore ? { continuation: page.at(-1)!.personId } : {}),
  });
}

function askedOf(message: Hl7Message): Asked {
  const items: Record<string, string> = {};
  const asked = { number: '', authority: { code: '', oid: '' } };
  for (const [name = '', value = ''] of message.all('QPD', 3)) {
    const item = QUERY_ITEMS[name];
    if (item !== undefined) items[item] = value;
    else if (name === '@PID.3.1') asked.number = value;
    else if (name === '@PID.3.4.1' || name === '@PID.3.4') asked.authority.code = value;
    else if (name === '@PID.3.4.2') asked.authority.oid = value;
    else if (name !== '@PID.3.4.3') throw unknown('QPD^1^3', `${name} cannot be asked for`);
  }
  if (asked.number === '' && Object.keys(items).length === 0) {
    throw new QueryRefused('AE', '101', 'QPD^1^3', 'nothing is asked for');
  }
  return { ...asked, demographics: items as Demographics };
}

function holders({ number, authority, demographics }: Asked, door: EmpiDoor): Person[] {
  const { queries } = door;
  const isNamed = authority.code !== '' || authority.oid !== '';
  const named = domainOf(`${authority.code}&${authority.oid}`, door);
  if (isNamed && named === undefined) throw unknown('QPD^1^3', 'unknown domain');
  const domains = named === undefined ? queries.domains() : [named];
  const persons = new Map<string, Person>();
  for (const { code } of domains) {
    const medium = queries.medium(code, number);
    const person = medium === undefined ? undefined : queries.livePerson(medium.personId);
    if (person !== undefined && queries.fits(person, demographics)) {
      persons.set(person.personId, person);
    }
  }
  return [...persons.values()].sort((a, b) => (a.personId < b.personId ? -1 : 1));
}

/** RCP-2: how many rows the asker takes at once. */
function rowsOf(message: Hl7Message): number {
  const text = message.get('RCP', 2, 1);
  if (text === '') return ROWS;
  const rows = Number(text);
  if (Number.isInteger(rows) && rows > 0) return Math.min(rows, MOST_ROWS);
  throw new QueryRefused('AE', '102', 'RCP^1^2', 'a number of rows is expected');
}

function pidOf(person: Person, number: number, shown: Domain[], { queries }: EmpiDoor): string[] {
  const { values } = person.normalised;
  const { demographics } = person;
  const cx = queries
    .mediaOf(person)
    .filter(({ domain }) => shown.length === 0 || shown.some(({ code }) => code === domain))
    .map((medium) => cxOf(medium.number, queries.domain(medium.domain)!));
  const name = [values[FIELD.surname]!, values[FIELD.givenName]!].map(escaped).join('^');
  return [
    'PID',
    String(number),
    '',
    cx.join('~'),
    '',
    name,
    '',
    values[FIELD.birthDate]!,
    values[FIELD.sex]!,
    '',
    '',
    escaped(demographics.address ?? ''),
    '',
    escaped(demographics.phone ?? ''),
  ];
}
