/** Identifiers in HL7 v2: the data type CX and its assigning authority. */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import type { Domain, MediumInput } from '../../modules/empi/types.ts';
import { type Finding, Refused } from './answers.ts';
import { DELETED, escaped, type Segment } from './message.ts';

/** The citizen identity number (居民身份证号码) has an authority, but is no identifier of a domain. */
export const CITIZEN_ID_OID = '2.16.156.10011.1.3';

/** What a field of identifiers says. */
export interface NamedIdentifiers {
  media: MediumInput[];
  /** A citizen's number among them; empty when there is none. */
  citizenId: string;
  /** Identifiers whose authority nobody here knows: left out. */
  unknown: Finding[];
}

/** Where identifiers stand: the how-manieth segment of its name, which field, and who says it. */
export interface Place {
  row: number;
  field: number;
  by: string;
}

/** Throws Refused when there is nothing to know anybody by. */
export function identifiersOf(segment: Segment, place: Place, door: EmpiDoor): NamedIdentifiers {
  const found = readIdentifiers(segment, place, door);
  if (found.media.length > 0) return found;
  const [unknown] = found.unknown;
  if (unknown !== undefined) throw new Refused('AE', '204', unknown.location, unknown.text);
  const location = `${segment.fields[0]}^${place.row}^${place.field}`;
  throw new Refused('AE', '101', location, 'no patient identifier');
}

/**
 * CX: number in component 1, its domain in component 4, `code&oid&ISO`; without component 4 it is of the
 * domain that only this source feeds.
 */
export function readIdentifiers(
  segment: Segment,
  { row, field, by }: Place,
  door: EmpiDoor,
): NamedIdentifiers {
  const found: NamedIdentifiers = { media: [], citizenId: '', unknown: [] };
  for (const [at, components] of segment.all(field).entries()) {
    const [number = '', , , authority = ''] = components;
    const location = `${segment.fields[0]}^${row}^${field}^${at + 1}`;
    if (number === '' || number === DELETED)
      throw new Refused('AE', '101', `${location}^1`, 'an identifier without a value');
    const domain = /^&*$/.test(authority) ? ownDomain(by, door) : domainOf(authority, door);
    if (isCitizenId(authority)) found.citizenId = number;
    if (domain !== undefined) found.media.push(mediumOf(domain, number));
    else if (!isCitizenId(authority)) {
      const text = 'unknown key identifier: the domain';
      found.unknown.push({ code: '204', location: `${location}^4`, text });
    }
  }
  return found;
}

export function domainOf(authority: string, { queries }: EmpiDoor): Domain | undefined {
  const [code = '', oid = ''] = authority.split('&');
  const byOid = oid === '' ? undefined : queries.domainOfSystem(`urn:oid:${oid}`);
  return byOid ?? (oid === '' ? queries.domain(code) : undefined);
}

export function isCitizenId(authority: string): boolean {
  return authority.split('&')[1] === CITIZEN_ID_OID;
}

/** The only domain of a source, if it has one only. */
function ownDomain(by: string, { queries }: EmpiDoor): Domain | undefined {
  const [own, ...more] = queries.domains().filter(({ source }) => source === by);
  return more.length === 0 ? own : undefined;
}

function mediumOf({ code, kind }: Domain, number: string): MediumInput {
  return { domain: code, number, type: kind === 'card' ? 'card' : 'record' };
}

export function cxOf(number: string, { code, system }: Domain): string {
  const oid = /^urn:oid:(.+)$/.exec(system)?.[1];
  return `${escaped(number)}^^^${code}${oid === undefined ? '' : `&${oid}&ISO`}`;
}
