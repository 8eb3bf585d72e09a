/** The trial balance: what the accounts of each code hold together, and that both sides are equal. */
import { BalanceSum } from './exact-sum.ts';
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
  /** Each ledger by itself: currencies never make up for each other. */
  balanced: boolean;
}

interface Line {
  ledger: number;
  code: number;
  accounts: number;
  sum: BalanceSum;
}

/** Sums the accounts of a state. */
export function trialBalanceOf({ accounts, position, chainHash }: LedgerState): TrialBalance {
  const lines = new Map<number, Line>();
  let line: Line | undefined;
  for (let row = 0; row < accounts.rows.rowCount; row++) {
    const ledger = accounts.ledger(row);
    const code = accounts.code(row);
    if (line?.ledger !== ledger || line.code !== code) {
      const empty = () => ({ ledger, code, accounts: 0, sum: new BalanceSum() });
      line = entryOf(lines, ledger * 0x10000 + code, empty);
    }
    line.accounts++;
    line.sum.add(accounts.balances(row));
  }
  const ledgers = new Map<number, BalanceSum>();
  const totals = new BalanceSum();
  for (const { ledger, sum } of lines.values()) {
    entryOf(ledgers, ledger, () => new BalanceSum()).addSum(sum);
    totals.addSum(sum);
  }
  const sorted = [...lines.values()].sort((a, b) => a.ledger - b.ledger || a.code - b.code);
  return {
    position,
    chainHash,
    lines: sorted.map(({ sum, ...line }) => ({ ...line, ...sum.toBalances() })),
    totals: totals.toBalances(),
    balanced: [...ledgers.values()].every((sum) => sum.isBalanced()),
  };
}

function entryOf<Value>(map: Map<number, Value>, key: number, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
