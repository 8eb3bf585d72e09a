/** A difference as the view keeps it, and the states of its life. */
import type { Difference } from '../record.ts';

export type DifferenceState =
  /** Only one side has it yet: the other may follow in its next file. */
  | 'BUFFERED'
  /** The other side followed, or a later run of the same day no longer finds it. */
  | 'AUTO_CLEARED'
  /** It will not go away by itself. */
  | 'CONFIRMED'
  | 'PROPOSED'
  /** Approved and posted: the money is in suspense. */
  | 'POSTED'
  | 'CLOSED';

export interface DifferenceRow extends Difference {
  id: string;
  institution: string;
  flow: string;
  layer: string;
  source: string;
  /** YYYYMMDD of the run that found it first. */
  date: string;
  state: DifferenceState;
  /** Until which date it waits for the other side. */
  bufferUntil: string;
  /** How many proposals there were. */
  proposals: number;
  /** What the channel has too much (positive) or too little of, against our books, in fen. */
  gapFen: number;
  /** Positions of the records that changed it, and why. */
  history: { position: number; state: DifferenceState; why: string }[];
}

/** Codes of which the other side may still come. */
const ONE_SIDED = new Set(['CH_ONLY', 'OUR_ONLY', 'REFUND_PENDING']);

export function firstState({ code }: Difference): DifferenceState {
  return ONE_SIDED.has(code) ? 'BUFFERED' : 'CONFIRMED';
}

export function isOpen({ state }: DifferenceRow): boolean {
  return state !== 'AUTO_CLEARED' && state !== 'CLOSED';
}

/** Money that counts on each side; a refund is money that goes out. */
export function gapOf(item: Difference): number {
  const ours = item.oursStatus === 'success' ? (item.oursFen ?? 0) : 0;
  const theirs = item.theirsStatus === 'success' ? (item.theirsFen ?? 0) : 0;
  const gap = theirs - ours;
  return item.type === 'refund' ? 0 - gap : gap;
}

/** Which one-sided difference of another date is the other half of this one. */
export function isOtherHalf(one: Difference, other: Difference): boolean {
  const theirsIsOne = one.code === 'CH_ONLY';
  const theirsIsOther = other.code === 'CH_ONLY';
  if (theirsIsOne === theirsIsOther || !ONE_SIDED.has(one.code) || !ONE_SIDED.has(other.code)) {
    return false;
  }
  const amount = (item: Difference): number | null => item.oursFen ?? item.theirsFen;
  return one.type === other.type && amount(one) === amount(other);
}

/** Names under which the other half is looked for. */
export function halfKeys({ type, orderId, refundId, channelId }: Difference): string[] {
  const keys = type === 'refund' && refundId !== undefined ? [refundId] : [orderId];
  if (channelId !== undefined) keys.push(channelId);
  return [...new Set(keys)].filter((key) => key !== '').map((key) => `${type}/${key}`);
}
