/** What has to hold before a file leaves the house: the files, the entries and the ledger say the same. */
import type { EntryResult } from '../../ledger/types.ts';
import type { MerchantDay } from './day.ts';
import type { ClearingOutput } from './files/contents.ts';
import type { NettingRow } from './netting.ts';
import type { PayOut } from './postings.ts';
import type { Unexplained } from './suspense.ts';

export interface Checked {
  days: readonly MerchantDay[];
  details: readonly ClearingOutput[];
  summary: ClearingOutput;
  netting: readonly NettingRow[];
  settlements: readonly EntryResult[];
  payOuts: readonly PayOut[];
  /** The message to the bank; null when nothing is paid. */
  pain001: ClearingOutput | null;
  statements: readonly { closingFen: number }[];
  /** What two persons put into suspense for this day. */
  suspense: readonly Unexplained[];
}

/** One sentence for each thing that does not hold. */
export function differencesOf(checked: Checked): string[] {
  return [
    ...checked.days.flatMap((day, at) => dayDifferences(day, at, checked)),
    ...totalDifferences(checked),
    ...payOutDifferences(checked),
  ];
}

function dayDifferences(day: MerchantDay, at: number, checked: Checked): string[] {
  const { id } = day.merchant;
  const said: string[] = [];
  const must = (holds: boolean, sentence: string) => {
    if (!holds) said.push(`${id}: ${sentence}`);
  };
  const suspendedFen = checked.suspense
    .filter(({ merchantId }) => merchantId === id)
    .reduce((sum, { amountFen }) => sum + amountFen, 0);
  const moved = day.ledgerMovementFen - suspendedFen;
  const ledger =
    `the ledger moved ${day.ledgerMovementFen}` +
    (suspendedFen === 0 ? '' : `, of which ${suspendedFen} are in suspense`);
  const factsFen = day.grossFen - day.refundFen;
  must(factsFen === moved, `transactions say ${factsFen} fen, ${ledger}`);
  const { name, totalFen } = checked.details[at]!;
  must(totalFen === factsFen, `${name} says ${totalFen} fen, the transactions ${factsFen}`);
  const { status, outcomes } = checked.settlements[at]!;
  const isPosted = status === 'applied' || status === 'exists';
  must(isPosted, `the settlement entry was refused (${status})`);
  const amounts = [day.feeFen, day.netFen].filter((amountFen) => amountFen !== 0);
  const posted = outcomes.map(({ amountFen }) => amountFen);
  const same =
    posted.length === amounts.length &&
    amounts.every((amountFen, index) => Math.abs(amountFen) === posted[index]);
  must(!isPosted || same, `the files say ${amounts} fen, the settlement entry moved ${posted}`);
  return said;
}

function totalDifferences({ days, summary, netting }: Checked): string[] {
  const said: string[] = [];
  const daysFen = days.reduce((sum, { netFen }) => sum + netFen, 0);
  const nettingFen = netting.reduce((sum, { netFen }) => sum + netFen, 0);
  if (summary.totalFen !== daysFen) {
    said.push(`${summary.name} says ${summary.totalFen} fen, the merchants get ${daysFen}`);
  }
  if (nettingFen !== daysFen) {
    said.push(`departments and channels add up to ${nettingFen} fen, merchants to ${daysFen}`);
  }
  return said;
}

function payOutDifferences({ payOuts, pain001, statements, days }: Checked): string[] {
  const said: string[] = [];
  const paidFen = payOuts.reduce((sum, { amountFen }) => sum + amountFen, 0);
  const messageFen = pain001?.totalFen ?? 0;
  if (paidFen !== messageFen) {
    said.push(`the message to the bank pays ${messageFen} fen, the ledger ${paidFen}`);
  }
  for (const [at, { closingFen }] of statements.entries()) {
    const { balanceFen, amountFen } = payOuts[at]!;
    if (closingFen === balanceFen - amountFen) continue;
    const { id } = days[at]!.merchant;
    said.push(`${id}: the statement ends at ${closingFen} fen, not ${balanceFen - amountFen}`);
  }
  return said;
}
