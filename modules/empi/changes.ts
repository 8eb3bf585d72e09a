/**
 * Changes of a person that is in the index: by somebody who looks after it, or by a source that says
 * anew what it told before. Afterwards the engine looks again: what was too thin to be recognised may
 * have become somebody who is known.
 */
import { type EmpiDoor, type RegisterRequest, ruleOf, send, verdictOf } from './commands.ts';
import { haveTwoValidIds } from './registration.ts';
import type { Demographics, LinkReason, MediumInput, Outcome, Person } from './types.ts';

/** Sets everything that is known of a person. */
export async function changePerson(
  door: EmpiDoor,
  key: string,
  command: { personId: string; demographics: Demographics; by: string },
): Promise<Outcome> {
  const changed = await send(door, key, 'person.change', command);
  return changed.status === 'refused' ? changed : lookAgain(door, key, changed, command.by);
}

/**
 * What a source says anew of somebody it has told of before; identifiers that are new come to the
 * person. When it now names another human (two different valid numbers), the identifiers that it names
 * leave the person that others know, too.
 */
export async function revisePerson(
  door: EmpiDoor,
  key: string,
  person: Person,
  { demographics, media, by }: RegisterRequest,
): Promise<Outcome> {
  const own = door.queries
    .mediaOf(person)
    .filter((medium) => media.some((one) => isSame(one, medium)));
  const isAnother = haveTwoValidIds(person, demographics) && own.length < person.media.length;
  const revised = isAnother
    ? await send(door, key, 'person.split', {
        personId: person.personId,
        mediumIds: own.map(({ mediumId }) => mediumId),
        demographics,
        by,
      })
    : await send(door, key, 'person.change', {
        personId: person.personId,
        demographics: { ...person.demographics, ...demographics },
        by,
      });
  if (revised.status === 'refused') return revised;
  const personId = revised.personId!;
  for (const [at, medium] of media.entries()) {
    if (door.queries.medium(medium.domain, medium.number)?.personId === personId) continue;
    const link: LinkReason = { source: 'auto', probability: 1, rule: 'source', by };
    const added = await send(door, `${key}:medium:${at}`, 'medium.add', { personId, medium, link });
    if (added.status === 'refused') return added;
  }
  return lookAgain(door, key, revised, by);
}

/** Merges what is surely one person (the older index number stays), and asks people about the rest. */
async function lookAgain(
  door: EmpiDoor,
  key: string,
  outcome: Outcome,
  by: string,
): Promise<Outcome> {
  const { queries } = door;
  const person = queries.livePerson(outcome.personId!);
  if (person === undefined || person.status !== 'active') return outcome;
  const { personId } = person;
  const matches = queries
    .match(person.demographics)
    .filter((match) => match.personId !== personId && !queries.areApart(match.personId, personId));
  const { sure, reviews } = verdictOf(matches);
  if (sure !== null) {
    const [survivor, absorbed] = [personId, sure.personId].sort() as [string, string];
    const reason = `engine: ${ruleOf(sure)}, ${sure.probability.toFixed(6)}`;
    const command = { survivor, absorbed, reason, by };
    const merged = await send(door, `${key}:match`, 'person.merge', command);
    if (merged.status === 'done') return { ...outcome, personId: survivor };
  }
  if (reviews.length === 0) return outcome;
  const asked = await send(door, `${key}:reviews`, 'reviews.open', { personId, reviews });
  return { ...outcome, reviewIds: asked.reviewIds ?? [] };
}

function isSame(a: MediumInput, b: MediumInput): boolean {
  return a.domain === b.domain && a.number === b.number;
}
