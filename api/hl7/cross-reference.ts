/** Cross reference: QBP^Q23 to RSP^K23. */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import type { Person } from '../../modules/empi/types.ts';
import { QueryRefused, response } from './answers.ts';
import { domainOf, isCitizenId } from './identifiers.ts';
import type { Hl7Message } from './message.ts';
import { checkQuery, shownOf, unknown, wantedOf } from './query.ts';

/**
 * Identifiers of the same person in the domains that are asked for, in all when none is. In HL7 v2 the
 * identifier that was asked with is one of them, unlike in PIXm.
 */
export function crossReference(message: Hl7Message, door: EmpiDoor, nowMs: number): string {
  checkQuery(message);
  const [number, authority] = [message.get('QPD', 3, 1), message.get('QPD', 3, 4)];
  const domain = domainOf(authority, door);
  if (domain === undefined && !isCitizenId(authority)) {
    throw unknown('QPD^1^3^1^4', 'unknown domain');
  }
  const wanted = wantedOf(message, 4, door);
  const person =
    domain === undefined ? citizenOf(number, door) : holderOf(domain.code, number, door);
  const shown = shownOf(person, wanted, door);
  const rows = shown.length === 0 ? [] : [['PID', '', '', shown.join('~'), '', ' ']];
  return response(message, nowMs, { type: 'RSP^K23^RSP_K23', rows });
}

function holderOf(domain: string, number: string, { queries }: EmpiDoor): Person {
  if (queries.crossIndex(domain, number) === null) throw unknownNumber();
  return queries.livePerson(queries.medium(domain, number)!.personId)!;
}

function citizenOf(number: string, { queries }: EmpiDoor): Person {
  const key = { kind: 'id', value: number.toUpperCase() } as const;
  const [person, ...more] = [...queries.byKey(key, true)].filter(
    ({ status }) => status === 'active',
  );
  if (person === undefined) throw unknownNumber();
  if (more.length === 0) return person;
  const text = 'more than one patient has this identity number';
  throw new QueryRefused('AE', '207', NUMBER, text);
}

const NUMBER = 'QPD^1^3^1^1';

function unknownNumber(): QueryRefused {
  return unknown(NUMBER, 'unknown key identifier');
}
