/** What people say of the pairs that the engine left to them. */
import type { Commands } from './facts.ts';
import { mergePersons } from './merge.ts';
import { closeReview, liveSides, openReview } from './reviews.ts';
import { done, livePerson, Refusal, type Step } from './step.ts';
import type { Outcome, Review } from './types.ts';

export function openReviews(step: Step, { personId, reviews }: Commands['reviews.open']): Outcome {
  const person = livePerson(step.view, personId);
  const reviewIds = reviews.flatMap((review) => openReview(step, person, review));
  return done({ personId: person.personId, reviewIds });
}

/** They are one person. The review's persons may have been merged with others since. */
export function acceptReview(
  step: Step,
  { reviewId, survivor, by }: Commands['review.accept'],
): Outcome {
  const { view } = step;
  const review = openReviewOf(step, reviewId);
  const [a, b] = liveSides(view, review);
  const chosen = view.livePerson(survivor)?.personId;
  if (chosen !== a && chosen !== b) throw new Refusal('survivor_not_in_review');
  const absorbed = chosen === a ? b : a;
  return mergePersons(step, chosen, absorbed, { reason: `review ${reviewId}`, by });
}

export function rejectReview(step: Step, { reviewId, by }: Commands['review.reject']): Outcome {
  const review = openReviewOf(step, reviewId);
  step.view.keepApart(...liveSides(step.view, review), step.position);
  closeReview(step, { ...review, status: 'rejected', decidedBy: by });
  return done();
}

function openReviewOf({ view }: Step, reviewId: string): Review {
  const review = view.table('reviews').get(reviewId);
  if (review === undefined) throw new Refusal('review_not_found');
  if (review.status !== 'open') throw new Refusal('review_decided');
  return review;
}
