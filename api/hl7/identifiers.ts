/** Identifiers in HL7 v2: the data type CX and its assigning authority. */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import type { Domain, MediumInput } from '../../modules/empi/types.ts';
import { Refused } from './answers.ts';
import { escaped, type Hl7Message } from './message.ts';

/** CX: number in component 1, its domain in component 4, `code&oid&ISO`. */
export function identifiers(
  message: Hl7Message,
  segment: string,
  field: number,
  door: EmpiDoor,
): MediumInput[] {
  if (message.segment(segment) === undefined) {
    throw new Refused('AE', '100', segment, `there is no ${segment} segment`);
  }
  return message.all(segment, field).map((components, at) => {
    const [number = ''] = components;
    const domain = domainOf(components[3] ?? '', door);
    const place = `${segment}^1^${field}^${at + 1}`;
    if (number === '')
      throw new Refused('AE', '101', `${place}^1`, 'an identifier without a value');
    if (domain === undefined) {
      throw new Refused('AE', '204', `${place}^4`, 'unknown key identifier: the domain');
    }
    return { domain: domain.code, number, type: domain.kind === 'card' ? 'card' : 'record' };
  });
}

export function domainOf(authority: string, { queries }: EmpiDoor): Domain | undefined {
  const [code = '', oid = ''] = authority.split('&');
  const byOid = oid === '' ? undefined : queries.domainOfSystem(`urn:oid:${oid}`);
  return byOid ?? (oid === '' ? queries.domain(code) : undefined);
}

export function cxOf(number: string, { code, system }: Domain): string {
  const oid = /^urn:oid:(.+)$/.exec(system)?.[1];
  return `${escaped(number)}^^^${code}${oid === undefined ? '' : `&${oid}&ISO`}`;
}
