/** A person comes into the index, or a source joins one that is there: one at a time, or from a file. */
import { addedTo } from './as-fed.ts';
import type { Commands, Registration } from './facts.ts';
import { FIELD } from './matching/fields.ts';
import { normalisePerson, PersonFlag } from './matching/normalise.ts';
import { addMedium, checkMedium } from './media.ts';
import { openReview } from './reviews.ts';
import { done, livePerson, note, Refusal, type Step } from './step.ts';
import type { Outcome, Person } from './types.ts';
import { loadRefusalKey, type WritableView } from './view.ts';

/** Everything is checked before anything is written: a refused command changes nothing. */
export function checkRegistration(
  view: WritableView,
  { media, personId, demographics }: Registration,
): void {
  const person = personId === undefined ? undefined : livePerson(view, personId);
  for (const medium of media) checkMedium(view, medium, person);
  if (person !== undefined && haveTwoValidIds(person, demographics)) {
    throw new Refusal('two_valid_id_numbers');
  }
}

export function haveTwoValidIds(
  person: Pick<Person, 'normalised'>,
  demographics: Registration['demographics'],
): boolean {
  const other = normalisePerson(demographics);
  return (
    (person.normalised.flags & other.flags & PersonFlag.validId) !== 0 &&
    person.normalised.values[FIELD.idNumber] !== other.values[FIELD.idNumber]
  );
}

export function register(step: Step, registration: Registration): Outcome {
  const { view, position } = step;
  const { demographics, media, link, personId } = registration;
  const found = personId === undefined ? undefined : livePerson(view, personId);
  const person =
    found === undefined
      ? view.newPerson(view.nextId('person'), demographics, position)
      : filledUp(found, demographics, position);
  for (const medium of media) addMedium(step, person, medium, link);
  view.putPerson(person);
  note(step, found === undefined ? 'person.registered' : 'person.linked', person.personId);
  const reviewIds = (registration.reviews ?? []).flatMap((review) =>
    openReview(step, person, review),
  );
  return done({ personId: person.personId, ...(reviewIds.length > 0 ? { reviewIds } : {}) });
}

/** What a new source knows fills what was not known; it changes nothing that was. */
function filledUp(
  person: Person,
  demographics: Registration['demographics'],
  position: number,
): Person {
  const merged = addedTo(person.demographics, demographics);
  return {
    ...person,
    demographics: merged,
    normalised: normalisePerson(merged),
    version: position,
  };
}

/** Each line stands for itself: what became of it is counted, and why one was refused is kept. */
export function load(
  step: Step,
  { registrations, file, behind }: Commands['person.load'],
): Outcome {
  const { view } = step;
  const refusals = view.table('load-refusals');
  const count = (what: string, change: number) => view.add(`load ${file} ${what}`, change);
  for (const { line, ...registration } of registrations) {
    const row = loadRefusalKey(file, line);
    try {
      checkRegistration(view, registration);
      const { reviewIds = [] } = register(step, registration);
      count(registration.personId === undefined ? 'created' : 'joined', 1);
      count('reviews', reviewIds.length);
      // A line that lost a race before has its place now.
      if (refusals.get(row) !== undefined) refusals.remove(row);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const recordId = registration.media[0]?.number ?? '';
      refusals.put(row, { line, recordId, reason: error.code });
    }
  }
  if (behind > 0) view.setTotal(`load ${file} behind`, behind);
  return done();
}
