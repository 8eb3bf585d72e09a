/** The merge: ADT^A40 says that the prior identifier (MRG) and the one that stays (PID) are one patient. */
import { type EmpiDoor, send } from '../../modules/empi/commands.ts';
import { outcomesUnder } from '../../modules/empi/outcomes.ts';
import type { MediumInput, Person } from '../../modules/empi/types.ts';
import { Refused } from './answers.ts';
import { identifiersOf } from './identifiers.ts';
import type { Hl7Message, Segment } from './message.ts';
import { accepted, keyOf } from './repeats.ts';
import { foreign, maySay, senderOf } from './sources.ts';

interface Side {
  row: number;
  media: MediumInput[];
  person: Person;
}

interface Pair {
  survivor: Side;
  prior: Side;
}

/**
 * HL7 lets PID and MRG come several times, each pair a merge of its own. All of them are looked at
 * before the first is done: a message that cannot be done whole does nothing.
 */
export async function merge(message: Hl7Message, door: EmpiDoor): Promise<void> {
  const by = senderOf(message);
  const key = keyOf(message, door);
  const isDone = (at: number) => outcomesUnder(door.queries, `${key}:merge:${at}`).length > 0;
  const pairs = pairsOf(message).map((pair) => sidesOf(pair, by, door));
  for (const [at, { survivor, prior }] of pairs.entries()) {
    const [first, second] = [survivor, prior].map(
      ({ person }) => door.queries.livePerson(person.personId)!.personId,
    );
    if (first === second || isDone(at)) continue;
    const command = { survivor: first!, absorbed: second!, reason: 'ADT^A40', by };
    const outcome = await send(door, `${key}:merge:${at}`, 'person.merge', command);
    accepted(outcome, `MRG^${prior.row}^1`);
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
function sidesOf({ row, pid, mrg }: SegmentPair, by: string, door: EmpiDoor): Pair {
  const survivor = sideOf(pid, { row, field: 3, by }, door);
  const prior = sideOf(mrg, { row, field: 1, by }, door);
  const domains = new Set(survivor.media.map(({ domain }) => domain));
  if (prior.media.some(({ domain }) => domains.has(domain))) return { survivor, prior };
  throw new Refused('AE', '207', `MRG^${row}^1^1^4`, 'the identifiers are of different domains');
}

function sideOf(
  segment: Segment,
  place: { row: number; field: number; by: string },
  door: EmpiDoor,
): Side {
  const { media } = identifiersOf(segment, place, door);
  const wrong = media.find(({ domain }) => !maySay(domain, place.by, door));
  if (wrong !== undefined) throw foreign(wrong.domain);
  const location = `${segment.fields[0]}^${place.row}^${place.field}`;
  const persons = media.flatMap(({ domain, number }) => {
    const medium = door.queries.medium(domain, number);
    return medium === undefined ? [] : [door.queries.livePerson(medium.personId)!];
  });
  const [person] = persons;
  if (person === undefined) throw new Refused('AE', '204', location, 'unknown key identifier');
  if (person.status === 'cancelled')
    throw new Refused('AE', '207', location, 'refused: person_cancelled');
  return { row: place.row, media, person };
}
