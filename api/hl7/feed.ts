/** The feed: ADT^A01, A04, A05, A08, A28 and A31 say what a source knows of a patient. */
import { revisePerson } from '../../modules/empi/changes.ts';
import { type EmpiDoor, registerPerson } from '../../modules/empi/commands.ts';
import { outcomesUnder } from '../../modules/empi/outcomes.ts';
import type { Demographics, MediumInput, Person } from '../../modules/empi/types.ts';
import { type Finding, Refused } from './answers.ts';
import { demographicsOf, unreadableOf } from './demographics.ts';
import { identifiersOf, type NamedIdentifiers, readIdentifiers } from './identifiers.ts';
import { DELETED, type Hl7Message, type Segment } from './message.ts';
import { accepted, keyOf } from './repeats.ts';
import { foreign, maySay, senderOf } from './sources.ts';

const SSN = 19;

interface Said {
  demographics: Demographics;
  media: MediumInput[];
  by: string;
}

/** Gives what of the message was not taken. */
export async function feed(message: Hl7Message, door: EmpiDoor): Promise<Finding[]> {
  const by = senderOf(message);
  const pid = message.segment('PID');
  if (pid === undefined) throw new Refused('AE', '100', 'PID', 'there is no PID segment');
  const named = identifiersOf(pid, { row: 1, field: 3, by }, door);
  const social = socialNumber(pid, by, door);
  const media = [...named.media, ...(social.media ?? [])];
  checkSources(media, by, door);
  const idNumber = social.citizenId || named.citizenId;
  const demographics = { ...demographicsOf(pid), ...(idNumber === '' ? {} : { idNumber }) };
  await tell(door, keyOf(message, door), { demographics, media, by });
  return [...named.unknown, ...unreadableOf(pid)];
}

/**
 * PID-19 is a number alone, or one with the authority that gave it: of a domain that the sender may
 * speak for it is an identifier like those of PID-3.
 */
function socialNumber(pid: Segment, by: string, door: EmpiDoor): Partial<NamedIdentifiers> {
  const number = pid.get(SSN);
  if (number === '' || number === DELETED) return {};
  if (pid.get(SSN, 4) === '') return { citizenId: number };
  const named = readIdentifiers(pid, { row: 1, field: SSN, by }, door);
  const isOurs =
    named.media.length > 0 && named.media.every(({ domain }) => maySay(domain, by, door));
  return isOurs ? named : { citizenId: number };
}

/**
 * A message tells of at least one identifier that its sender may give. Identifiers of other sources say
 * who it is, but nobody gives new ones in their place.
 */
function checkSources(media: MediumInput[], by: string, door: EmpiDoor): void {
  const others = media.filter(({ domain }) => !maySay(domain, by, door));
  const wrong =
    others.length === media.length
      ? others[0]
      : others.find(({ domain, number }) => door.queries.medium(domain, number) === undefined);
  if (wrong !== undefined) throw foreign(wrong.domain);
}

async function tell(door: EmpiDoor, key: string, said: Said): Promise<void> {
  const earlier = outcomesUnder(door.queries, `${key}:`);
  const isRegistered = earlier.some(
    (row) => row.key.startsWith(`${key}:register:`) && row.outcome.status === 'done',
  );
  // Told again, it would undo what was said since.
  if (isRegistered) return;
  const person = personOf(said, door);
  if (person === null) {
    const demographics = withoutDeleted(said.demographics);
    accepted(await registerPerson(door, `${key}:register`, { ...said, demographics }), 'PID');
  } else {
    accepted(await revisePerson(door, `${key}:change`, person, said), 'PID');
  }
}

/** Whom the message revises: who is known by an identifier that its sender gives. */
function personOf({ media, by }: Said, door: EmpiDoor): Person | null {
  const { queries } = door;
  const known = media.flatMap(({ domain, number }) => {
    const medium = queries.medium(domain, number);
    if (medium?.status === 'replaced')
      throw new Refused('AE', '204', 'PID^1^3', 'the identifier was replaced by another');
    return medium === undefined ? [] : [{ domain, person: queries.livePerson(medium.personId)! }];
  });
  if (new Set(known.map(({ person }) => person.personId)).size > 1)
    throw new Refused('AE', '207', 'PID^1^3', 'the identifiers are of more than one person');
  return known.find(({ domain }) => maySay(domain, by, door))?.person ?? null;
}

function withoutDeleted(demographics: Demographics): Demographics {
  return Object.fromEntries(Object.entries(demographics).filter(([, value]) => value !== ''));
}
