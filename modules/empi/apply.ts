/** What each command does to the view, in the order of the journal. */
import type { JournalRecord } from '../../ledger/types.ts';
import type { WritableTableSource } from '../frame/module.ts';
import { type CommandKind, type Commands, commandOf } from './facts.ts';
import { normalisePerson } from './matching/normalise.ts';
import { addMediumTo, removeMedium, replaceIdentifier, setMediumStatus } from './media.ts';
import { mergePersons, splitPerson, unmergePersons } from './merge.ts';
import { checkRegistration, haveTwoValidIds, load, register } from './registration.ts';
import { acceptReview, openReviews, rejectReview } from './review-decisions.ts';
import { done, livePerson, note, Refusal, type Step } from './step.ts';
import type { Outcome } from './types.ts';
import { WritableView } from './view.ts';

type Apply<Kind extends CommandKind> = (step: Step, command: Commands[Kind]) => Outcome;

const APPLY: { [Kind in CommandKind]: Apply<Kind> } = {
  'domain.set': setDomain,
  'domain.remove': removeDomain,
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
  'identifier.replace': replaceIdentifier,
  'person.unmerge': (step, { mergeId, reason }) => unmergePersons(step, mergeId, reason),
  'person.split': (step, { personId, mediumIds, demographics }) =>
    splitPerson(step, personId, mediumIds, demographics),
  'medium.add': addMediumTo,
  'medium.status': setMediumStatus,
  'medium.remove': removeMedium,
  'reviews.open': openReviews,
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
  'subscription.remove': ({ view }, { subscriptionId }) => {
    if (view.table('subscriptions').get(subscriptionId) === undefined)
      throw new Refusal('subscription_not_found');
    view.table('subscriptions').remove(subscriptionId);
    view.table('reached').remove(subscriptionId);
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

/** One that was never used. */
function removeDomain({ view }: Step, { code }: Commands['domain.remove']): Outcome {
  if (view.table('domains').get(code) === undefined) throw new Refusal('domain_unknown');
  const [used] = view.table('numbers').range({ prefix: `${code}:`, limit: 1 });
  if (used !== undefined) throw new Refusal('domain_used');
  view.table('domains').remove(code);
  return done();
}

/**
 * A wrong number is put right by the person's only source, or by an operator. Where several sources
 * meet, another valid number means another human: whoever says so takes its identifiers out first.
 */
function change(step: Step, { personId, demographics, by }: Commands['person.change']): Outcome {
  const person = livePerson(step.view, personId);
  const isShared = person.media.length > 1 && !by.startsWith('operator:');
  if (isShared && haveTwoValidIds(person, demographics)) throw new Refusal('two_valid_id_numbers');
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
