/** The trial balance: what every account of one code holds together, and that both sides are equal. */

import type { LedgerState } from './state.ts';
import type { Balances } from './types.ts';

export interface TrialBalanceLine extends Balances {
  ledger: number;
  code: number;
  accounts: number;
}

export interface TrialBalance {
  position: number;
  chainHash: Uint8Array;
  /** By ledger, then by code. */
  lines: TrialBalanceLine[];
  totals: Balances;
  balanced: boolean;
}

/** Sums the accounts of a state. */
export function trialBalanceOf({ accounts, position, chainHash }: LedgerState): TrialBalance {
  const lines = new Map<string, TrialBalanceLine>();
  const totals = noBalances();
  for (let row = 0; row < accounts.rows.rowCount; row++) {
    const ledger = accounts.ledger(row);
    const code = accounts.code(row);
    const key = `${ledger} ${code}`;
    let line = lines.get(key);
    if (line === undefined) {
      line = { ledger, code, accounts: 0, ...noBalances() };
      lines.set(key, line);
    }
    line.accounts++;
    const balances = accounts.balances(row);
    add(line, balances);
    add(totals, balances);
  }
  const sorted = [...lines.values()].sort((a, b) => a.ledger - b.ledger || a.code - b.code);
  return {
    position,
    chainHash,
    lines: sorted,
    totals,
    balanced: sorted.length === 0 || isBalanced(sorted),
  };
}

/** Each ledger by itself: currencies never make up for each other. */
function isBalanced(lines: TrialBalanceLine[]): boolean {
  const differences = new Map<number, Balances>();
  for (const line of lines) {
    const sum = differences.get(line.ledger) ?? noBalances();
    add(sum, line);
    differences.set(line.ledger, sum);
  }
  return [...differences.values()].every(
    (sum) =>
      sum.debitsPostedFen === sum.creditsPostedFen &&
      sum.debitsPendingFen === sum.creditsPendingFen,
  );
}

function noBalances(): Balances {
  return { debitsPendingFen: 0, debitsPostedFen: 0, creditsPendingFen: 0, creditsPostedFen: 0 };
}

function add(sum: Balances, more: Balances): void {
  sum.debitsPendingFen += more.debitsPendingFen;
  sum.debitsPostedFen += more.debitsPostedFen;
  sum.creditsPendingFen += more.creditsPendingFen;
  sum.creditsPostedFen += more.creditsPostedFen;
}
