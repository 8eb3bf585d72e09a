/** Looking at a data folder without its writer, also while one runs; and copying it. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { IdWords } from './entry-view.ts';
import { LedgerError } from './errors.ts';
import { LmdbStorage } from './lmdb-storage.ts';
import { recover } from './recovery.ts';
import { type SealStatement, sealStatement } from './seal.ts';
import type { LedgerState } from './state.ts';
import { type TrialBalance, trialBalanceOf } from './trial-balance.ts';
import type { Account, Id } from './types.ts';

/** Runs `look` over the state as it is on disk now. */
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

/** What a seal says of the journal as it stands now. Throws LedgerError. */
export function statementNow(dataDir: string, encryptionKey?: Uint8Array): Promise<SealStatement> {
  return withState(dataDir, encryptionKey, (state) => {
    if (state.position === 0) throw new LedgerError('not_found', 'an empty journal has no seal');
    return sealStatement(state, state.chainHash);
  });
}

/**
 * Copies a data folder into an empty one, also while a writer runs: the copy is the ledger of one
 * moment, and a ledger can be started on it.
 */
export async function backUp(
  dataDir: string,
  targetDir: string,
  encryptionKey?: Uint8Array,
): Promise<{ position: number }> {
  if (existsSync(targetDir) && readdirSync(targetDir).length > 0) {
    throw new LedgerError('not_empty', `${targetDir} is not empty`);
  }
  mkdirSync(targetDir, { recursive: true, mode: 0o700 });
  const storage = new LmdbStorage({ dataDir, encryptionKey, readOnly: true });
  try {
    await storage.backup(targetDir);
  } finally {
    await storage.close();
  }
  const position = await withState(targetDir, encryptionKey, (state) => state.position);
  return { position };
}
