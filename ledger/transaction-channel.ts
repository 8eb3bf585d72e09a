/** Which way the money of a transaction came: clearing charges by it, reconciliation compares by it. */
import type { Reader } from './reader.ts';
import type { TransactionFact } from './types.ts';

/** A refund of a refund is none; voids of voids end sooner than that. */
const FOLLOWED_MOST = 8;

/**
 * A transaction that names its channel or its host is believed. What takes another one back goes the
 * way that the other one came; otherwise the kind tells.
 */
export function transactionChannel(fact: TransactionFact, reader: Reader): string {
  let first = fact;
  for (let step = 0; step < FOLLOWED_MOST; step++) {
    const { channel, host } = first.extra ?? {};
    if (channel || host) return channel || host!;
    const original: number = first.originalPosition ?? 0;
    const next = original === 0 ? undefined : reader.record(original)?.entry.fact?.transaction;
    if (next === undefined) break;
    first = next;
  }
  return channelOfKind(first.kind);
}

function channelOfKind(kind: string): string {
  if (kind.startsWith('scan')) return 'scan';
  if (kind.startsWith('cash-load')) return 'cash';
  return /purse|load|grey-record/.test(kind) ? 'purse' : 'one-card';
}
