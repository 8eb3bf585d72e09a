/**
 * The thread that looks at the whole ledger for a seal: reading the state of a large one takes
 * seconds, in which whoever wants the seal goes on with other things.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { LedgerError, type LedgerErrorCode } from './errors.ts';
import { statementNow } from './offline.ts';
import type { SealStatement } from './seal.ts';

export interface SealThreadData {
  dataDir: string;
  encryptionKey: Uint8Array | undefined;
}

export type SealThreadAnswer =
  | { statement: SealStatement }
  | { failed: { code: LedgerErrorCode; message: string } };

async function main(): Promise<void> {
  const { dataDir, encryptionKey } = workerData as SealThreadData;
  const post = (answer: SealThreadAnswer) => parentPort!.postMessage(answer);
  try {
    post({ statement: await statementNow(dataDir, encryptionKey) });
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    post({ failed: { code: error.code, message: error.message } });
  }
}

if (parentPort !== null) await main();
