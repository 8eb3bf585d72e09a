import type { OriginalSort } from '../original.ts';

export const DEPOSITS: OriginalSort = {
  kinds: ['deposit'],
  messageTypes: ['0100'],
  byAuthorisation: true,
};

export const DEPOSIT_CHARGES: OriginalSort = { kinds: ['deposit-charge'], messageTypes: ['0200'] };
