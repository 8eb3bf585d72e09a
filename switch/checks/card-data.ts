/** What a request tells of its card must agree with itself, whoever issued the card. */
import type { Message } from '../../protocols/iso8583/message.ts';
import { Refusal } from '../refusal.ts';

/** Stands in field 14 where a card has no expiry; whether that may be is its issuer's to say. */
const NO_EXPIRY = '0000';
const EXPIRY = /^\d\d(0[1-9]|1[0-2])$/;

/** Where a track has the card number: track 2 begins with it, track 3 with two digits of format before it. */
const NUMBER_ON_TRACK: readonly [field: number, pattern: RegExp][] = [
  [35, /^(\d{12,19})D/],
  [36, /^\d\d(\d{12,19})D/],
];

/** Refuses an expiry in no month of the year, and a track of another card than the rest. */
export function refusalOfCardData(message: Message): Refusal | null {
  const expiry = message.get(14);
  if (expiry !== undefined && expiry !== NO_EXPIRY && !EXPIRY.test(expiry)) {
    return new Refusal('30', 'card-expiry-impossible');
  }
  let number = message.get(2);
  for (const [field, pattern] of NUMBER_ON_TRACK) {
    const onTrack = pattern.exec(message.get(field) ?? '')?.[1];
    number ??= onTrack;
    if (onTrack !== undefined && onTrack !== number) {
      return new Refusal('14', 'card-number-differs');
    }
  }
  return null;
}
