/** Reads one side to its end: in the thread that calls, or in `reader-thread.ts`. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync } from 'node:fs';
import type { Block } from '../match/records.ts';
import { BillRefused } from '../record.ts';
import type { BillEncoding, BillSource } from '../source.ts';
import type { BillFacts } from './bill-details.ts';
import { BillReader } from './bill-reader.ts';
import { scanLines } from './lines.ts';
import { type OwnFacts, OwnReader } from './own-reader.ts';

export type ReadJob =
  | {
      side: 'theirs';
      path: string;
      name: string;
      source: BillSource;
      day: number;
      encoding: BillEncoding;
    }
  | { side: 'ours'; path: string; name: string };

export interface FileFacts {
  name: string;
  bytes: number;
  lines: number;
  sha256: string;
}

export type SideFacts =
  | { side: 'theirs'; file: FileFacts; bill: BillFacts }
  | { side: 'ours'; file: FileFacts; own: OwnFacts };

export interface ReadSink {
  records(block: Block): void;
  cancels(block: Block): void;
  /** So many bytes more were read. */
  progress(bytes: number): void;
}

/** Throws BillRefused. What was given to the sink before then counts for nothing. */
export function readSide(job: ReadJob, sink: ReadSink): SideFacts {
  const { path, name } = job;
  const descriptor = open(path, name);
  try {
    const hash = createHash('sha256');
    const { size } = fstatSync(descriptor);
    const reader =
      job.side === 'theirs'
        ? new BillReader(job.source, { file: name, ...job, ...sinks(sink) })
        : new OwnReader({ file: name, records: (block) => sink.records(block) });
    const lines = scanLines(descriptor, name, {
      chunk: (bytes) => {
        hash.update(bytes);
        sink.progress(bytes.length);
      },
      region: (bytes, firstLine) => reader.region(bytes, firstLine),
      line: (bytes, start, end, number, offset) => reader.line(bytes, start, end, number, offset),
    });
    const file = { name, bytes: size, lines, sha256: hash.digest('hex') };
    return reader instanceof BillReader
      ? { side: 'theirs', file, bill: reader.end() }
      : { side: 'ours', file, own: reader.end() };
  } finally {
    closeSync(descriptor);
  }
}

function sinks(sink: ReadSink): Pick<ReadSink, 'records' | 'cancels'> {
  return { records: (block) => sink.records(block), cancels: (block) => sink.cancels(block) };
}

function open(path: string, name: string): number {
  try {
    const descriptor = openSync(path, 'r');
    if (fstatSync(descriptor).isFile()) return descriptor;
    closeSync(descriptor);
  } catch (error) {
    throw new BillRefused(name, 0, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  throw new BillRefused(name, 0, 'is not a file');
}
