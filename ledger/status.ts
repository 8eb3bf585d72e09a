/** The answers of the ledger as the numbers that are on disk. */
import assert from 'node:assert/strict';
import { ENTRY_STATUSES, type EntryStatus } from './types.ts';

export const STATUS = Object.fromEntries(
  ENTRY_STATUSES.map((status, index) => [status, index]),
) as Record<EntryStatus, number>;

export const APPLIED = 0;

export function statusName(number: number): EntryStatus {
  const name = ENTRY_STATUSES[number];
  assert(name !== undefined, `status ${number}`);
  return name;
}
