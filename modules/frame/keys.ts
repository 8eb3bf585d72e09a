/** Parts of keys that sort as what they mean does. */

/** Sixteen digits: every safe integer fits. */
const POSITION_DIGITS = 16;

/** A journal position, or another number from 0 on. */
export function positionKey(position: number): string {
  return String(position).padStart(POSITION_DIGITS, '0');
}

/** The position at the end of a key. */
export function positionOf(key: string): number {
  return Number(key.slice(-POSITION_DIGITS));
}
