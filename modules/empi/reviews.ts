/** Pairs that people have to look at: opened by a registration, decided by a person. */
import type { Commands, Registration } from './facts.ts';
import { mergePersons } from './merge.ts';
import { done, Refusal, type Step } from './step.ts';
import type { Outcome, Person, Review } from './types.ts';

export function openReview(
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

export function acceptReview(
  step: Step,
  { reviewId, survivor, by }: Commands['review.accept'],
): Outcome {
  const review = openReviewOf(step, reviewId);
  const absorbed = survivor === review.a ? review.b : review.a;
  if (survivor !== review.a && survivor !== review.b) throw new Refusal('survivor_not_in_review');
  const outcome = mergePersons(step, survivor, absorbed, { reason: `review ${reviewId}`, by });
  const { mergeId } = outcome;
  closeReview(step, { ...review, status: 'accepted', decidedBy: by, mergeId: mergeId! });
  return outcome;
}

export function rejectReview(step: Step, { reviewId, by }: Commands['review.reject']): Outcome {
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
