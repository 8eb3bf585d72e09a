/** A thread of `scorePairs`: takes chunks of blocks from the shared list and posts what it kept. */
import { parentPort, workerData } from 'node:worker_threads';
import { type ScoringJob, scoreChunks } from './pair-scoring.ts';

const result = scoreChunks(workerData as ScoringJob);
parentPort?.postMessage(result, [
  result.a.buffer,
  result.b.buffer,
  result.logOdds.buffer,
] as ArrayBuffer[]);
