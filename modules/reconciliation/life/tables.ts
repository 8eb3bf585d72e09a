/** The tables of the view, and their rows. */
import type { AdjustmentRequest } from './approval.ts';
import type { RunFact } from './facts.ts';

/** A run as the view keeps it; `version` counts runs of the same flow and date with other inputs. */
export interface RunRow extends RunFact {
  position: number;
  version: number;
  /** How the differences are not those of the version before. */
  appeared: number;
  disappeared: number;
  /** The bill was another one in the version before. */
  changedFile?: { oldSha256: string; newSha256: string };
}

/** An open proposal, by its id. */
export type ProposalRow = AdjustmentRequest;

export const TABLE = {
  /** `institution/date/flow/version`. */
  runs: 'runs',
  /** Run id with slot -> key of the run. */
  runKeys: 'run-keys',
  /** `flow/slot` -> position. */
  slots: 'slots',
  parts: 'parts',
  differences: 'differences',
  /** `institution/state/date/id`. */
  byState: 'by-state',
  /** `flow/date/id`. */
  byRun: 'by-run',
  /** `institution/orderId/id`. */
  byOrder: 'by-order',
  /** `institution/source/type/key/id` of differences that wait for their other half. */
  halves: 'halves',
  proposals: 'proposals',
  requests: 'requests',
} as const;
