/** The merge: ADT^A40 says that the prior identifier (MRG) and the one that stays (PID) are one patient. */
import { type EmpiDoor, send } from '../../modules/empi/commands.ts';
import type { Identifier } from '../../modules/empi/facts.ts';
import { isRetired } from '../../modules/empi/types.ts';
import { Refused } from './answers.ts';
import { identifiersOf, type Place } from './identifiers.ts';
import type { Hl7Message, Segment } from './message.ts';
import { accepted, keyOf } from './repeats.ts';
import { foreign, maySay, senderOf } from './sources.ts';

interface Pair {
  replaced: Identifier;
  survivor: Identifier;
}

/**
 * HL7 lets PID and MRG come several times, each pair a merge of its own. All of them are looked at
 * before the first is done: a message that cannot be done whole does nothing.
 */
export async function merge(message: Hl7Message, door: EmpiDoor): Promise<void> {
  const by = senderOf(message);
  const key = keyOf(message, door);
  const isDone = ({ row }: SegmentPair) =>
    door.queries.outcome(`${key}:merge:${row}`)?.status === 'done';
  const left = pairsOf(message).filter((pair) => !isDone(pair));
  const pairs = left.map((pair) => ({ row: pair.row, ...identifiersOfPair(pair, by, door) }));
  for (const { row, replaced, survivor } of pairs) {
    const command = { replaced, survivor, reason: 'ADT^A40', by };
    const outcome = await send(door, `${key}:merge:${row}`, 'identifier.replace', command);
    accepted(outcome, `MRG^${row}^1`);
  }
}

interface SegmentPair {
  row: number;
  pid: Segment;
  mrg: Segment;
}

function pairsOf({ segments }: Hl7Message): SegmentPair[] {
  const wanted = segments.filter(({ fields: [name] }) => name === 'PID' || name === 'MRG');
  if (wanted.length === 0) throw new Refused('AE', '100', 'PID', 'there is no PID segment');
  const pairs: SegmentPair[] = [];
  for (let at = 0; at < wanted.length; at += 2) {
    const row = pairs.length + 1;
    const [pid, mrg] = wanted.slice(at, at + 2) as [Segment, Segment | undefined];
    if (pid.fields[0] !== 'PID')
      throw new Refused('AE', '100', `MRG^${row}`, 'an MRG segment without its PID');
    if (mrg?.fields[0] !== 'MRG')
      throw new Refused('AE', '100', `PID^${row}`, 'a PID segment without its MRG');
    pairs.push({ row, pid, mrg });
  }
  return pairs;
}

/** A source merges what it gave itself: identifiers of one domain, and of its own. */
function identifiersOfPair({ row, pid, mrg }: SegmentPair, by: string, door: EmpiDoor): Pair {
  const survivors = usable(pid, { row, field: 3, by }, door);
  const [replaced] = usable(mrg, { row, field: 1, by }, door);
  const survivor = survivors.find(({ domain }) => domain === replaced!.domain);
  if (survivor !== undefined) return { replaced: replaced!, survivor };
  throw new Refused('AE', '207', `MRG^${row}^1^1^4`, 'the identifiers are of different domains');
}

/** Those that are known and in use; at least one. */
function usable(segment: Segment, place: Place, door: EmpiDoor): Identifier[] {
  const { media } = identifiersOf(segment, place, door);
  const wrong = media.find(({ domain }) => !maySay(domain, place.by, door));
  if (wrong !== undefined) throw foreign(wrong.domain);
  const location = `${segment.fields[0]}^${place.row}^${place.field}`;
  const { queries } = door;
  const known = media.flatMap(({ domain, number }) => {
    const medium = queries.medium(domain, number);
    return medium === undefined || isRetired(medium.status) ? [] : [medium];
  });
  const [first] = known;
  if (first === undefined) throw new Refused('AE', '204', location, 'unknown key identifier');
  if (queries.livePerson(first.personId)!.status === 'cancelled')
    throw new Refused('AE', '207', location, 'refused: person_cancelled');
  return known.map(({ domain, number }) => ({ domain, number }));
}
