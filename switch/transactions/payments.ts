/** Which records are payments to a merchant that later transactions may name as their original. */
import type { OriginalSort } from './original.ts';

/** What a void takes back within the batch. */
export const PAYMENTS: OriginalSort = {
  kinds: ['purchase', 'scan-payment', 'offline-purchase', 'adjustment'],
  messageTypes: ['0200', '0220'],
};

/** What a refund gives back on any day. */
export const REFUNDABLE: OriginalSort = {
  kinds: [...PAYMENTS.kinds, 'completion', 'deposit-charge'],
  messageTypes: ['0200', '0220'],
};
