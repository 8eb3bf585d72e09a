/** What a PID segment says of a person. */
import type { Demographics } from '../../modules/empi/types.ts';
import { DELETED, type Segment } from './message.ts';

/** Items that it leaves out are left out; what it deletes is empty. */
export function demographicsOf(pid: Segment): Demographics {
  const found: Record<string, string> = {
    surname: pid.first(5, 1),
    givenName: pid.get(5, 2),
    birthDate: pid.get(7).slice(0, 8),
    sex: pid.get(8),
    address: pid.first(11, 1),
    suburb: pid.get(11, 3),
    state: pid.get(11, 4),
    postcode: pid.get(11, 5),
    phone: pid.get(13, 1) || pid.get(13, 12),
    mothersMaidenName: pid.first(6, 1),
  };
  const said = Object.entries(found).filter(([, value]) => value !== '');
  return Object.fromEntries(said.map(([item, text]) => [item, text === DELETED ? '' : text]));
}
