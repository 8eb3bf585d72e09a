import { parentPort, workerData } from 'node:worker_threads';
import { HsmError } from '../errors.ts';
import { callByName } from '../forwarding.ts';
import { openHsm } from '../open.ts';
import type { PoolAnswer, PoolBatch, PoolCall, ThreadConfig } from './messages.ts';

/** One session of the pool: opens, says so, and then answers batch after batch. */
if (parentPort === null) throw new Error('this file runs as a thread of the HSM pool');
const port = parentPort;

function failed(error: unknown): PoolAnswer {
  if (!(error instanceof HsmError)) throw error;
  return { error: { code: error.code, message: error.message } };
}

try {
  const hsm = await openHsm(workerData as ThreadConfig);
  const answer = (call: PoolCall): PoolAnswer => {
    try {
      return { value: callByName(hsm, call.operation, call.parameters) };
    } catch (error) {
      return failed(error);
    }
  };
  port.on('message', (batch: PoolBatch) => port.postMessage(batch.map(answer)));
  port.postMessage([{ value: undefined }]);
} catch (error) {
  port.postMessage([failed(error)]);
}
