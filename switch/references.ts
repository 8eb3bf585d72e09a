/** Fields 37 and 38 of our answers, by which terminals name a journal record later. */

/** Field 38 repeats after so many positions. */
export const AUTHORISATION_CODES = 1_000_000;

/** Field 37: the journal position, so that a void or refund finds its original at once. */
export function reference(position: number): string {
  return String(position).padStart(12, '0');
}

/** Field 38: six characters that go with the position; a repeat gets the same. */
export function authorisationCode(position: number): string {
  return String(position % AUTHORISATION_CODES).padStart(6, '0');
}
