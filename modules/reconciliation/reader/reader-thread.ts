/** One side of a large reconciliation is read here, beside the other one. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Block } from '../match/records.ts';
import { BillRefused } from '../record.ts';
import { type ReadJob, readSide, type SideFacts } from './read-side.ts';

export type ReaderMessage =
  | { kind: 'records'; block: Block }
  | { kind: 'cancels'; block: Block }
  | { kind: 'progress'; bytes: number }
  | { kind: 'done'; facts: SideFacts }
  | { kind: 'refused'; file: string; line: number; reason: string; difference: 'FILE' | null };

/** Progress goes out in steps of so many bytes. */
const PROGRESS_BYTES = 4 << 20;

const port = parentPort!;
let unreported = 0;

function send(message: ReaderMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function sendBlock(kind: 'records' | 'cancels', block: Block): void {
  send({ kind, block } as ReaderMessage, [block.words.buffer as ArrayBuffer]);
}

try {
  const facts = readSide(workerData as ReadJob, {
    records: (block) => sendBlock('records', block),
    cancels: (block) => sendBlock('cancels', block),
    progress: (bytes) => {
      unreported += bytes;
      if (unreported < PROGRESS_BYTES) return;
      send({ kind: 'progress', bytes: unreported });
      unreported = 0;
    },
  });
  send({ kind: 'progress', bytes: unreported });
  send({ kind: 'done', facts });
} catch (error) {
  if (!(error instanceof BillRefused)) throw error;
  const { file, line, reason, difference } = error;
  send({ kind: 'refused', file, line, reason, difference });
}
