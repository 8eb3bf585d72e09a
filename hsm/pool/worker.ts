import { workerData } from 'node:worker_threads';
import { HsmError } from '../errors.ts';
import { callByName } from '../forwarding.ts';
import { openHsm } from '../open.ts';
import type { Hsm } from '../types.ts';
import type { PoolAnswer, PoolCall, PoolWorkerData } from './messages.ts';

let opened: Promise<Hsm> | undefined;

/** One session of the pool. A session that does not open is tried again with the next call. */
export default async function work({ operation, parameters }: PoolCall): Promise<PoolAnswer> {
  try {
    opened ??= openHsm(workerData as PoolWorkerData);
    const hsm = await opened.catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return { value: await callByName(hsm, operation, parameters) };
  } catch (error) {
    if (error instanceof HsmError) return { error: { code: error.code, message: error.message } };
    throw error;
  }
}
