/**
 * Pairs that people have to look at. A review keeps the two persons that it was opened for; while it is
 * open it is found by the persons who stand for them now, so merging and undoing move it along, and a
 * merge that makes one person of the two answers it.
 */
import type { PossibleMatch } from './facts.ts';
import type { Step } from './step.ts';
import type { Person, Review } from './types.ts';
import type { WritableView } from './view.ts';

/** Gives the review's id; none when people have said that these are two, or are being asked already. */
export function openReview(
  { view }: Step,
  person: Person,
  { personId, probability, reasons }: PossibleMatch,
): string[] {
  const other = view.livePerson(personId);
  if (other === undefined || other.personId === person.personId) return [];
  if (view.areApart(person.personId, other.personId)) return [];
  const isAsked = view
    .openReviewsOf(person.personId)
    .some((review) => liveSides(view, review).includes(other.personId));
  if (isAsked) return [];
  const reviewId = view.nextId('review');
  const review = { reviewId, a: other.personId, b: person.personId, probability, reasons };
  view.table('reviews').put(reviewId, { ...review, status: 'open' });
  for (const side of [review.a, review.b]) index(view, side, reviewId);
  view.add('reviews open', 1);
  return [reviewId];
}

/** The decided review takes the open one's place. */
export function closeReview({ view }: Step, review: Review): void {
  view.table('reviews').put(review.reviewId, review);
  for (const side of liveSides(view, review)) unindex(view, side, review.reviewId);
  view.add('reviews open', -1);
}

/** Reviews of the absorbed person are the survivor's now; those between the two have their answer. */
export function followMerge(
  step: Step,
  { survivor, absorbed, mergeId, by }: Record<'survivor' | 'absorbed' | 'mergeId' | 'by', string>,
): void {
  const { view } = step;
  for (const review of view.openReviewsOf(absorbed)) {
    unindex(view, absorbed, review.reviewId);
    const [a, b] = liveSides(view, review);
    if (a === b) closeReview(step, { ...review, status: 'accepted', decidedBy: by, mergeId });
    else index(view, survivor, review.reviewId);
  }
}

/** What was asked of the absorbed person is asked of it again. */
export function followUnmerge({ view }: Step, survivor: string): void {
  for (const review of view.openReviewsOf(survivor)) {
    unindex(view, survivor, review.reviewId);
    for (const side of liveSides(view, review)) index(view, side, review.reviewId);
  }
}

/** Who stands for the review's two persons now. */
export function liveSides(view: WritableView, { a, b }: Review): [string, string] {
  return [view.livePerson(a)!.personId, view.livePerson(b)!.personId];
}

function index(view: WritableView, personId: string, reviewId: string): void {
  view.table('reviews-of').put(`${personId}:${reviewId}`, 1);
}

function unindex(view: WritableView, personId: string, reviewId: string): void {
  view.table('reviews-of').remove(`${personId}:${reviewId}`);
}
