/** Demographics: QBP^Q22 to RSP^K22. */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import { findPersons, LOOKED_AT, type Way } from '../../modules/empi/find.ts';
import { isRetired, type Person } from '../../modules/empi/types.ts';
import { type Finding, QueryRefused, response } from './answers.ts';
import { pidOf } from './demographics.ts';
import { domainOf, isCitizenId } from './identifiers.ts';
import type { Hl7Message } from './message.ts';
import { checkQuery, shownOf, unknown, wantedOf } from './query.ts';
import { type Asked, QUERY_ITEMS } from './query-items.ts';

/** Persons in one answer when the query does not say how many. */
const ROWS = 50;
const MOST_ROWS = 500;

/** Long answers come in parts: DSC-1 of an answer, sent back in DSC-1 of the query, gives the next one. */
export async function demographicsQuery(
  message: Hl7Message,
  door: EmpiDoor,
  nowMs: number,
): Promise<string> {
  const { queries } = door;
  checkQuery(message);
  const conditions = conditionsOf(message, door);
  const wanted = wantedOf(message, 8, door);
  const behind = message.get('DSC', 1);
  if (!/^\d*$/.test(behind)) throw unknown('DSC^1^1', 'no such continuation pointer');
  const shown = (person: Person) => shownOf(person, wanted, door);
  const fits = (person: Person) =>
    person.status === 'active' &&
    conditions.every((condition) => condition.fits(person)) &&
    (wanted === null || shown(person).length > 0);
  const { personIds, isComplete } = await findPersons(queries, waysOf(conditions), fits);
  const left = personIds.filter((personId) => personId > behind);
  const page = left.slice(0, rowsOf(message));
  const rows = page.map((personId, at) => {
    const person = queries.person(personId)!;
    return pidOf(person, at + 1, shown(person));
  });
  const remaining = left.length - page.length;
  return response(message, nowMs, {
    type: 'RSP^K22^RSP_K21',
    rows,
    ...(isComplete ? { hits: { total: personIds.length, remaining } } : { warnings: [INCOMPLETE] }),
    ...(remaining > 0 ? { continuation: page.at(-1)! } : {}),
  });
}

const INCOMPLETE: Finding = {
  code: '207',
  location: 'QPD^1^3',
  text: `only ${LOOKED_AT} persons were looked at: ask for less`,
};

/** Everything that is asked for has to fit. */
function conditionsOf(message: Hl7Message, door: EmpiDoor): Asked[] {
  const conditions: Asked[] = [];
  const identifier = { number: '', authority: { code: '', oid: '' } };
  for (const [at, [field = '', value = '', ...more]] of message.all('QPD', 3).entries()) {
    const location = `QPD^1^3^${at + 1}`;
    const name = field.toUpperCase();
    const item = Object.hasOwn(QUERY_ITEMS, name) ? QUERY_ITEMS[name] : undefined;
    if (item !== undefined) {
      const asked = item([value, ...more].join('&'));
      if (typeof asked === 'string')
        throw new QueryRefused('AE', asked, location, `${value} cannot be asked for`);
      conditions.push(asked);
    } else if (name === '@PID.3' || name === '@PID.3.1') identifier.number = value;
    else if (name === '@PID.3.4' || name === '@PID.3.4.1') identifier.authority.code = value;
    else if (name === '@PID.3.4.2') identifier.authority.oid = value;
    else if (name !== '@PID.3.4.3') throw unknown(location, `${field} cannot be asked for`);
  }
  const { number, authority } = identifier;
  if (number !== '') conditions.push(holderOf(number, authority, door));
  if (conditions.length > 0) return conditions;
  throw new QueryRefused('AE', '101', 'QPD^1^3', 'nothing is asked for');
}

/** Without an authority the number may be of any domain. */
function holderOf(
  number: string,
  { code, oid }: { code: string; oid: string },
  door: EmpiDoor,
): Asked {
  const authority = oid === '' ? code : `${code}&${oid}`;
  if (isCitizenId(authority)) return QUERY_ITEMS['@PID.19']!(number) as Asked;
  const named = authority === '' ? undefined : domainOf(authority, door);
  if (authority !== '' && named === undefined) throw unknown('QPD^1^3', 'unknown domain');
  const domains = named === undefined ? door.queries.domains() : [named];
  const codes = new Set(domains.map((domain) => domain.code));
  return {
    fits: (person) =>
      door.queries
        .mediaOf(person)
        .some(
          (medium) =>
            medium.number === number && codes.has(medium.domain) && !isRetired(medium.status),
        ),
    ways: domains.map((domain) => ({ by: 'number', domain: domain.code, number })),
    rank: 0,
  };
}

function waysOf(conditions: Asked[]): Way[] {
  const best = conditions.reduce((one, other) => (other.rank < one.rank ? other : one));
  return best.ways.length > 0 ? best.ways : [{ by: 'all' }];
}

/** RCP-2: how many rows the asker takes at once. */
function rowsOf(message: Hl7Message): number {
  const text = message.get('RCP', 2, 1);
  if (text === '') return ROWS;
  const rows = Number(text);
  if (Number.isInteger(rows) && rows > 0) return Math.min(rows, MOST_ROWS);
  throw new QueryRefused('AE', '102', 'RCP^1^2', 'a number of rows is expected');
}
