/** Making a seal while the rest of the process goes on. */
import { Worker } from 'node:worker_threads';
import { LedgerError } from './errors.ts';
import { type Seal, type SealStatement, type Sign, signStatement } from './seal.ts';
import type { SealThreadAnswer, SealThreadData } from './seal-thread.ts';
import { threadFile } from './thread-file.ts';

/**
 * Signs where the journal stands now. `sign` is the HSM's and runs in this thread; keyName is for
 * whoever checks it later. Rejects with LedgerError.
 */
export async function makeSeal(
  dataDir: string,
  keyName: string,
  sign: Sign,
  encryptionKey?: Uint8Array,
): Promise<Seal> {
  const statement = await statementInThread({ dataDir, encryptionKey });
  return signStatement(statement, keyName, sign);
}

function statementInThread(data: SealThreadData): Promise<SealStatement> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(threadFile('seal-thread', import.meta.url), { workerData: data });
    thread.once('message', (answer: SealThreadAnswer) => {
      if ('statement' in answer) resolve(answer.statement);
      else reject(new LedgerError(answer.failed.code, answer.failed.message));
    });
    thread.once('error', reject);
    thread.once('exit', () => {
      reject(new LedgerError('storage_failed', `no statement of ${data.dataDir} was made`));
    });
  });
}
