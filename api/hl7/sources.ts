/** Who may feed a domain. A domain that has a source is fed by nobody else; the others by everybody. */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import { Refused } from './answers.ts';
import type { Hl7Message } from './message.ts';

/** A sender as domains name their source. */
export function senderOf(message: Hl7Message): string {
  return `hl7:${message.get('MSH', 3)}`;
}

export function maySay(domain: string, by: string, { queries }: EmpiDoor): boolean {
  const source = queries.domain(domain)?.source ?? '';
  return source === '' || source === by;
}

export function foreign(domain: string): Refused {
  return new Refused('AE', '207', 'MSH^1^3', `${domain} is fed by another source`);
}
