/** What both queries have: a tag, and domains whose identifiers are wanted. */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import type { Domain } from '../../modules/empi/types.ts';
import { QueryRefused } from './answers.ts';
import { domainOf } from './identifiers.ts';
import type { Hl7Message } from './message.ts';

export function checkQuery(message: Hl7Message): void {
  if (message.segment('QPD') === undefined) {
    throw new QueryRefused('AE', '100', 'QPD', 'there is no QPD segment');
  }
  if (message.get('QPD', 2) === '') {
    throw new QueryRefused('AE', '101', 'QPD^1^2', 'the query has no tag');
  }
}

/** Domains that a field of the query names, whose identifiers are wanted. */
export function domainsOf(message: Hl7Message, field: number, door: EmpiDoor): Domain[] {
  return message.all('QPD', field).map((components, at) => {
    const target = domainOf(components[3] ?? '', door);
    if (target !== undefined) return target;
    throw unknown(`QPD^1^${field}^${at + 1}`, 'unknown target domain');
  });
}

export function unknown(location: string, text: string): QueryRefused {
  return new QueryRefused('AE', '204', location, text);
}
