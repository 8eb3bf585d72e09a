/** Cross reference: QBP^Q23 to RSP^K23. */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import { response } from './answers.ts';
import { cxOf, domainOf } from './identifiers.ts';
import type { Hl7Message } from './message.ts';
import { checkQuery, domainsOf, unknown } from './query.ts';

/**
 * Identifiers of the same person in the domains that are asked for, all when none is. In HL7 v2 the
 * identifier that was asked with is one of them, unlike in PIXm.
 */
export function crossReference(message: Hl7Message, door: EmpiDoor, nowMs: number): string {
  const { queries } = door;
  checkQuery(message);
  const number = message.get('QPD', 3, 1);
  const domain = domainOf(message.get('QPD', 3, 4), door);
  if (domain === undefined) throw unknown('QPD^1^3^1^4', 'unknown domain');
  const targets = domainsOf(message, 4, door);
  const wanted = targets.length === 0 ? undefined : new Set(targets.map(({ code }) => code));
  const others = queries.crossIndex(domain.code, number, wanted);
  if (others === null) throw unknown('QPD^1^3^1^1', 'unknown key identifier');
  const isAsked = wanted === undefined || wanted.has(domain.code);
  const asked = isAsked ? [{ domain: domain.code, number }] : [];
  const cx = [...asked, ...others].map((medium) =>
    cxOf(medium.number, queries.domain(medium.domain)!),
  );
  const rows = cx.length === 0 ? [] : [['PID', '', '', cx.join('~'), '', ' ']];
  return response(message, nowMs, { type: 'RSP^K23^RSP_K23', rows });
}
