/** What each command does to the view, in the order of the journal. */
import type { JournalRecord } from '../../ledger/types.ts';
import type { WritableTableSource } from '../frame/module.ts';
import { type CommandKind, type Commands, commandOf, type Registration } from './facts.ts';
import { FIELD } from './matching/fields.ts';
import { normalisePerson, PersonFlag } from './matching/normalise.ts';
import { mergePersons, splitPerson, unmergePersons } from './merge.ts';
import { done, note, Refusal, type Step } from './step.ts';
import type { LinkReason, Medium, MediumInput, Outcome, Person, Review } from './types.ts';
import { loadRefusalKey, WritableView } from './view.ts';

type Apply<Kind extends CommandKind> = (step: Step, command: Commands[Kind]) => Outcome;

const APPLY: { [Kind in CommandKind]: Apply<Kind> } = {
  'domain.set': setDomain,
  'person.register': (step, registration) => {
    checkRegistration(step.view, registration);
    return register(step, registration);
  },
  'person.load': load,
  'person.change': change,
  'person.cancel': cancel,
  'person.restore': restore,
  'person.merge': (step, { survivor, absorbed, reason, by }) =>
    mergePersons(step, survivor, absorbed, { reason, by }),
  'person.unmerge': (step, { mergeId, reason }) => unmergePersons(step, mergeId, reason),
  'person.split': (step, { personId, mediumIds, demographics }) =>
    splitPerson(step, personId, mediumIds, demographics),
  'medium.add': addMediumTo,
  'medium.status': setMediumStatus,
  'medium.remove': removeMedium,
  'review.accept': acceptReview,
  'review.reject': rejectReview,
  'settings.set': ({ view }, settings) => {
    view.table('settings').put('match', settings);
    return done();
  },
  'subscription.set': ({ view, position }, subscription) => {
    view.table('subscriptions').put(subscription.subscriptionId, subscription);
    const reached = view.table('reached');
    if (reached.get(subscription.subscriptionId) === undefined) {
      reached.put(subscription.subscriptionId, position);
    }
    return done();
  },
  'subscription.reached': ({ view }, { subscriptionId, position }) => {
    view.table('reached').put(subscriptionId, position);
    return done();
  },
};

export function applyRecord(record: JournalRecord, tables: WritableTableSource): void {
  const applied = commandOf(record);
  if (applied === null) return;
  const view = new WritableView(tables);
  const step = { view, position: record.position, timeUs: record.timestampUs };
  const apply = APPLY[applied.kind] as Apply<CommandKind> | undefined;
  let outcome: Outcome;
  try {
    outcome =
      apply === undefined ? refused('unknown_command') : apply(step, applied.command as never);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    outcome = refused(error.code);
  }
  view.table('outcomes').put(applied.key, outcome);
  view.finish();
}

function refused(code: string): Outcome {
  return { status: 'refused', code };
}

function setDomain({ view }: Step, domain: Commands['domain.set']): Outcome {
  const others = view.table('domains').range();
  for (const { value } of others) {
    if (value.code !== domain.code && value.system === domain.system)
      throw new Refusal('system_taken');
  }
  view.table('domains').put(domain.code, domain);
  return done();
}

/** Everything is checked before anything is written: a refused command changes nothing. */
function checkRegistration(
  view: WritableView,
  { media, personId, demographics }: Registration,
): void {
  const person = personId === undefined ? undefined : livePerson(view, personId);
  for (const medium of media) checkMedium(view, medium, person);
  if (person !== undefined && haveTwoValidIds(person, demographics)) {
    throw new Refusal('two_valid_id_numbers');
  }
}

function haveTwoValidIds(person: Person, demographics: Registration['demographics']): boolean {
  const other = normalisePerson(demographics);
  return (
    (person.normalised.flags & other.flags & PersonFlag.validId) !== 0 &&
    person.normalised.values[FIELD.idNumber] !== other.values[FIELD.idNumber]
  );
}

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

function livePerson(view: WritableView, personId: string): Person {
  const person = view.livePerson(personId);
  if (person === undefined) throw new Refusal('person_not_found');
  if (person.status === 'cancelled') throw new Refusal('person_cancelled');
  return person;
}

function register(step: Step, registration: Registration): Outcome {
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
  const merged = { ...demographics, ...nonEmpty(person.demographics) };
  return {
    ...person,
    demographics: merged,
    normalised: normalisePerson(merged),
    version: position,
  };
}

function nonEmpty<Values extends object>(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '')) as Values;
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
  return medium;
}

/** Each line stands for itself: what became of it is counted, and why one was refused is kept. */
function load(step: Step, { registrations, file, behind }: Commands['person.load']): Outcome {
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

function change(step: Step, { personId, demographics }: Commands['person.change']): Outcome {
  const person = livePerson(step.view, personId);
  const normalised = normalisePerson(demographics);
  step.view.putPerson({ ...person, demographics, normalised, version: step.position });
  note(step, 'person.changed', person.personId);
  return done({ personId: person.personId });
}

function cancel(step: Step, { personId, reason }: Commands['person.cancel']): Outcome {
  const person = livePerson(step.view, personId);
  step.view.putPerson({
    ...person,
    status: 'cancelled',
    cancelReason: reason,
    version: step.position,
  });
  note(step, 'person.cancelled', person.personId);
  return done({ personId: person.personId });
}

function restore(step: Step, { personId }: Commands['person.restore']): Outcome {
  const person = step.view.livePerson(personId);
  if (person === undefined) throw new Refusal('person_not_found');
  if (person.status !== 'cancelled') throw new Refusal('person_not_cancelled');
  const { cancelReason: _, ...rest } = person;
  step.view.putPerson({ ...rest, status: 'active', version: step.position });
  note(step, 'person.restored', person.personId);
  return done({ personId: person.personId });
}

function addMediumTo(step: Step, { personId, medium, link }: Commands['medium.add']): Outcome {
  const person = livePerson(step.view, personId);
  checkMedium(step.view, medium, person);
  const changed = { ...person, version: step.position };
  const { mediumId } = addMedium(step, changed, medium, link);
  step.view.putPerson(changed);
  note(step, 'medium.added', person.personId, { domain: medium.domain });
  return done({ personId: person.personId, mediumId });
}

function setMediumStatus(step: Step, { mediumId, status }: Commands['medium.status']): Outcome {
  const medium = step.view.table('media').get(mediumId);
  if (medium === undefined) throw new Refusal('medium_not_found');
  if (medium.status === 'cancelled' && status !== 'active') throw new Refusal('medium_cancelled');
  step.view.table('media').put(mediumId, { ...medium, status });
  note(step, `medium.${status}`, medium.personId, { domain: medium.domain });
  return done({ personId: medium.personId, mediumId });
}

function removeMedium(step: Step, { mediumId }: Commands['medium.remove']): Outcome {
  const { view, position } = step;
  const medium = view.table('media').get(mediumId);
  if (medium === undefined) throw new Refusal('medium_not_found');
  const person = view.person(medium.personId)!;
  view.table('media').remove(mediumId);
  view.table('numbers').remove(view.numberKey(medium.domain, medium.number));
  view.add(`media ${medium.type}`, -1);
  const media = person.media.filter((id) => id !== mediumId);
  view.putPerson({ ...person, media, version: position });
  note(step, 'medium.removed', person.personId, { domain: medium.domain });
  return done({ personId: person.personId });
}

function openReview(
  { view }: Step,
  person: Person,
  { personId, probability, reasons }: NonNullable<Registration['reviews']>[number],
): string[] {
  const other = view.livePerson(personId);
  if (other === undefined || other.personId === person.personId) return [];
  const pair = view.pairKey(person.personId, other.personId);
  if (view.table('apart').get(pair) !== undefined) return [];
  if (view.table('open-reviews').get(pair) !== undefined) return [];
  const reviewId = view.nextId('review');
  const review = { reviewId, a: other.personId, b: person.personId, probability, reasons };
  view.table('reviews').put(reviewId, { ...review, status: 'open' });
  view.table('open-reviews').put(pair, reviewId);
  view.add('reviews open', 1);
  return [reviewId];
}

function openReviewOf({ view }: Step, reviewId: string) {
  const review = view.table('reviews').get(reviewId);
  if (review === undefined) throw new Refusal('review_not_found');
  if (review.status !== 'open') throw new Refusal('review_decided');
  return review;
}

function acceptReview(step: Step, { reviewId, survivor, by }: Commands['review.accept']): Outcome {
  const review = openReviewOf(step, reviewId);
  const absorbed = survivor === review.a ? review.b : review.a;
  if (survivor !== review.a && survivor !== review.b) throw new Refusal('survivor_not_in_review');
  const outcome = mergePersons(step, survivor, absorbed, { reason: `review ${reviewId}`, by });
  const { mergeId } = outcome;
  closeReview(step, { ...review, status: 'accepted', decidedBy: by, mergeId: mergeId! });
  return outcome;
}

function rejectReview(step: Step, { reviewId, by }: Commands['review.reject']): Outcome {
  const review = openReviewOf(step, reviewId);
  closeReview(step, { ...review, status: 'rejected', decidedBy: by });
  step.view.table('apart').put(step.view.pairKey(review.a, review.b), step.position);
  return done();
}

function closeReview({ view }: Step, review: Review): void {
  view.table('reviews').put(review.reviewId, review);
  view.table('open-reviews').remove(view.pairKey(review.a, review.b));
  view.add('reviews open', -1);
}
