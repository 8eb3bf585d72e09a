/** Media of persons: a card or document each, found by its domain and number. */
import type { Commands } from './facts.ts';
import { mergePersons } from './merge.ts';
import { done, livePerson, note, Refusal, type Step } from './step.ts';
import {
  isRetired,
  type LinkReason,
  type Medium,
  type MediumInput,
  type Outcome,
  type Person,
} from './types.ts';
import type { WritableView } from './view.ts';

/** A number belongs to one live person; the same person may bring it again. */
export function checkMedium(
  view: WritableView,
  { domain, number }: MediumInput,
  person: Person | undefined,
): void {
  if (view.table('domains').get(domain) === undefined) throw new Refusal('domain_unknown');
  const known = view.medium(domain, number);
  if (known === undefined || known.personId === person?.personId) return;
  throw new Refusal('identifier_taken');
}

/** The person's row is the caller's to store. */
export function addMedium(
  step: Step,
  person: Person,
  input: MediumInput,
  link: LinkReason,
): Medium {
  const { view } = step;
  const known = view.medium(input.domain, input.number);
  if (known !== undefined && known.personId === person.personId) return known;
  const medium: Medium = {
    ...input,
    mediumId: view.nextId('medium'),
    status: 'active',
    personId: person.personId,
    linkId: view.nextId('link'),
    link,
  };
  view.table('media').put(medium.mediumId, medium);
  view.table('numbers').put(view.numberKey(medium.domain, medium.number), medium.mediumId);
  person.media = [...person.media, medium.mediumId];
  view.add(`media ${medium.type}`, 1);
  view.add(`domain ${medium.domain}`, 1);
  return medium;
}

export function addMediumTo(
  step: Step,
  { personId, medium, link }: Commands['medium.add'],
): Outcome {
  const person = livePerson(step.view, personId);
  checkMedium(step.view, medium, person);
  const changed = { ...person, version: step.position };
  const { mediumId } = addMedium(step, changed, medium, link);
  step.view.putPerson(changed);
  note(step, 'medium.added', person.personId, { domain: medium.domain });
  return done({ personId: person.personId, mediumId });
}

export function setMediumStatus(step: Step, command: Commands['medium.status']): Outcome {
  const { status } = command;
  const medium =
    'mediumId' in command
      ? step.view.table('media').get(command.mediumId)
      : step.view.medium(command.domain, command.number);
  if (medium === undefined) throw new Refusal('medium_not_found');
  const { mediumId } = medium;
  if (medium.status === 'cancelled' && status !== 'active') throw new Refusal('medium_cancelled');
  if (medium.status === 'replaced') throw new Refusal('medium_replaced');
  step.view.table('media').put(mediumId, { ...medium, status });
  note(step, `medium.${status}`, medium.personId, { domain: medium.domain });
  return done({ personId: medium.personId, mediumId });
}

/**
 * A source resolves a duplicate of its own (Resolve Duplicate of ITI-104, ADT^A40): the persons of both
 * identifiers are one, and the replaced identifier leads nowhere from now on.
 */
export function replaceIdentifier(
  step: Step,
  { replaced, survivor, reason, by }: Commands['identifier.replace'],
): Outcome {
  const { view } = step;
  const old = view.medium(replaced.domain, replaced.number);
  const kept = view.medium(survivor.domain, survivor.number);
  if (old === undefined || kept === undefined) throw new Refusal('identifier_unknown');
  if (old.mediumId === kept.mediumId) throw new Refusal('same_identifier');
  if (isRetired(kept.status)) throw new Refusal(`medium_${kept.status}`);
  const person = livePerson(view, kept.personId);
  const absorbed = livePerson(view, old.personId);
  const outcome =
    person.personId === absorbed.personId
      ? done({ personId: person.personId })
      : mergePersons(step, person.personId, absorbed.personId, { reason, by, replaced: old });
  const { mediumId, domain } = old;
  view.table('media').put(mediumId, { ...view.table('media').get(mediumId)!, status: 'replaced' });
  note(step, 'medium.replaced', person.personId, { domain });
  return { ...outcome, mediumId };
}

export function removeMedium(step: Step, { mediumId }: Commands['medium.remove']): Outcome {
  const { view, position } = step;
  const medium = view.table('media').get(mediumId);
  if (medium === undefined) throw new Refusal('medium_not_found');
  const person = view.person(medium.personId)!;
  view.table('media').remove(mediumId);
  view.table('numbers').remove(view.numberKey(medium.domain, medium.number));
  view.add(`media ${medium.type}`, -1);
  view.add(`domain ${medium.domain}`, -1);
  const media = person.media.filter((id) => id !== mediumId);
  view.putPerson({ ...person, media, version: position });
  note(step, 'medium.removed', person.personId, { domain: medium.domain });
  return done({ personId: person.personId });
}
