/**
 * One plan in three steps. A row of the transaction table says what a transaction does; when a host
 * has to agree first, a part of that is done when the host is asked (money is held, limits are
 * counted), the rest when it approves, and what was held is let go when it does not.
 */
import assert from 'node:assert/strict';
import { transferId } from '../../ledger/id.ts';
import {
  type Entry,
  type Id,
  type TallyMove,
  TransferFlag,
  type TransferInput,
} from '../../ledger/types.ts';
import type { Plan } from '../transactions/row.ts';

export type Step = Pick<Entry, 'accounts' | 'transfers' | 'tallies' | 'registry' | 'blocks'>;

export interface SplitPlan {
  asked: Step;
  approved: Step;
}

const RESOLVES = TransferFlag.postPending | TransferFlag.voidPending;
const BALANCING = TransferFlag.balancingDebit | TransferFlag.balancingCredit;

/** What was asked is undone by `releaseOf` the asked record, so no third part is needed. */
export function splitPlan(plan: Plan, entryId: Id): SplitPlan {
  const asked: Step = {};
  const approved: Step = {};
  const held: TransferInput[] = [];
  const later: TransferInput[] = [];
  for (const [index, transfer] of (plan.transfers ?? []).entries()) {
    splitTransfer(transfer, transfer.id ?? transferId(entryId, index), held, later);
  }
  const [limited, counted] = splitTallies(plan.tallies ?? []);
  if (held.length > 0) asked.transfers = held;
  if (limited.length > 0) asked.tallies = limited;
  if (later.length > 0) approved.transfers = later;
  if (counted.length > 0) approved.tallies = counted;
  if (plan.registry !== undefined) approved.registry = plan.registry;
  if (plan.blocks !== undefined) approved.blocks = plan.blocks;
  return { asked, approved };
}

function splitTransfer(
  transfer: TransferInput,
  id: Id,
  held: TransferInput[],
  later: TransferInput[],
): void {
  const { flags = 0, debitAccount, creditAccount } = transfer;
  assert((flags & BALANCING) === 0, 'a host is asked for an amount that is known');
  if ((flags & RESOLVES) !== 0) {
    later.push(transfer);
  } else if ((flags & TransferFlag.pending) !== 0) {
    held.push({ ...transfer, id });
  } else {
    held.push({ ...transfer, id, flags: flags | TransferFlag.pending });
    later.push({
      pendingId: id,
      flags: TransferFlag.postPending,
      ...(debitAccount === undefined ? {} : { debitAccount }),
      ...(creditAccount === undefined ? {} : { creditAccount }),
    });
  }
}

/** Moves with a limit must be made before the host is asked, or two requests could pass the limit together. */
function splitTallies(tallies: TallyMove[]): [limited: TallyMove[], counted: TallyMove[]] {
  const isLimited = ({ limitFen, limitCount }: TallyMove) =>
    limitFen !== undefined || limitCount !== undefined;
  return [tallies.filter(isLimited), tallies.filter((move) => !isLimited(move))];
}
