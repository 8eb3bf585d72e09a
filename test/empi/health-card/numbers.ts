/** Identity numbers of people born on one day in one place. */
import { checkCharacter } from '../../../modules/empi/matching/id-number.ts';

/** Region and birth date. */
export const LI = '53010219200508';
export const CHILD = '11010520150307';

/** The number of an order, odd for men, with its check character. */
export function valid(place: string, order: string): string {
  return place + order + checkCharacter(place + order);
}
