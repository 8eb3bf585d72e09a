/** The answers of the ledger as the numbers that are on disk. */
import assert from 'node:assert/strict';
import { ENTRY_STATUSES, type EntryStatus } from './types.ts';

export const STATUS = Object.fromEntries(
  ENTRY_STATUSES.map((status, index) => [status, index]),
) as Record<EntryStatus, number>;

export const APPLIED = 0;

/**
 * Refusals that say "what you looked at has changed meanwhile": they leave no record, so that the
 * caller may look again and submit what it then finds right under the same id.
 */
export const RACE_STATUSES: ReadonlySet<EntryStatus> = new Set([
  'blocked_id_exists',
  'registry_conflict',
]);

const raceNumbers: ReadonlySet<number> = new Set([...RACE_STATUSES].map((name) => STATUS[name]));

export function isRace(status: number): boolean {
  return raceNumbers.has(status);
}

export function statusName(number: number): EntryStatus {
  const name = ENTRY_STATUSES[number];
  assert(name !== undefined, `status ${number}`);
  return name;
}
