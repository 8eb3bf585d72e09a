/** The trial balance: what every account of one code holds together, and that both sides are equal. */

import { IdWords } from './entry-view.ts';
import { LmdbStorage } from './lmdb-storage.ts';
import { recover } from './recovery.ts';
import type { LedgerState } from './state.ts';
import type { Account, Balances, Id } from './types.ts';

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

/** Runs `look` over the state of a data folder as it is on disk now, also while a writer runs. */
async function withState<Result>(
  dataDir: string,
  encryptionKey: Uint8Array | undefined,
  look: (state: LedgerState) => Result,
): Promise<Result> {
  const storage = new LmdbStorage({ dataDir, encryptionKey, readOnly: true });
  try {
    return look(recover(storage).state);
  } finally {
    await storage.close();
  }
}

/** The trial balance of a data folder. Throws LedgerError. */
export function trialBalance(dataDir: string, encryptionKey?: Uint8Array): Promise<TrialBalance> {
  return withState(dataDir, encryptionKey, trialBalanceOf);
}

/** One account of a data folder and the position of its last change; null when it is not open. */
export function accountOf(
  dataDir: string,
  id: Id,
  encryptionKey?: Uint8Array,
): Promise<(Account & { position: number }) | null> {
  return withState(dataDir, encryptionKey, ({ accounts }) => {
    const words = new IdWords();
    words.read(id, 0);
    const row = accounts.find(words);
    return row < 0 ? null : { ...accounts.account(row), position: accounts.position(row) };
  });
}
