/** What both queries have: a tag, and identifiers that are wanted. */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import { FIELD } from '../../modules/empi/matching/fields.ts';
import { isRetired, type Person } from '../../modules/empi/types.ts';
import { QueryRefused } from './answers.ts';
import { CITIZEN_ID_OID, cxOf, domainOf, isCitizenId } from './identifiers.ts';
import type { Hl7Message } from './message.ts';

export function checkQuery(message: Hl7Message): void {
  if (message.segment('QPD') === undefined) {
    throw new QueryRefused('AE', '100', 'QPD', 'there is no QPD segment');
  }
  if (message.get('QPD', 2) === '') {
    throw new QueryRefused('AE', '101', 'QPD^1^2', 'the query has no tag');
  }
}

/** Identifiers that a query wants to see: of these domains, and the citizen number. */
export interface Wanted {
  codes: ReadonlySet<string>;
  citizenId: boolean;
}

/** What a field of the query names; null when it names nothing, and all are wanted. */
export function wantedOf(message: Hl7Message, field: number, door: EmpiDoor): Wanted | null {
  const authorities = message.all('QPD', field).map((components) => components[3] ?? '');
  if (authorities.length === 0) return null;
  const codes = authorities.flatMap((authority, at) => {
    const target = domainOf(authority, door);
    if (target !== undefined) return [target.code];
    if (isCitizenId(authority)) return [];
    throw unknown(`QPD^1^${field}^${at + 1}`, 'unknown target domain');
  });
  return { codes: new Set(codes), citizenId: authorities.some(isCitizenId) };
}

/** Identifiers of a person that are in use and wanted, as they are written. */
export function shownOf(person: Person, wanted: Wanted | null, { queries }: EmpiDoor): string[] {
  const media = queries
    .mediaOf(person)
    .filter(({ status }) => !isRetired(status))
    .filter(({ domain }) => wanted === null || wanted.codes.has(domain))
    .map((medium) => cxOf(medium.number, queries.domain(medium.domain)!));
  const citizenId = wanted === null || wanted.citizenId ? citizenIdOf(person) : '';
  return citizenId === '' ? media : [...media, citizenId];
}

function citizenIdOf({ normalised }: Person): string {
  const number = normalised.values[FIELD.idNumber]!;
  return /^\d{17}[\dX]$/.test(number) ? `${number}^^^&${CITIZEN_ID_OID}&ISO^NI` : '';
}

export function unknown(location: string, text: string): QueryRefused {
  return new QueryRefused('AE', '204', location, text);
}
