/**
 * From where the journal must be read at the next start to find everything that is open. A view, kept
 * in a file beside the ledger: without it, or when it does not belong to this journal, all is read.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reader } from '../../ledger/reader.ts';

const FILE = 'hosts-watermark.json';

export function readWatermark(folder: string, reader: Reader): number {
  try {
    const text = readFileSync(join(folder, FILE), 'utf8');
    const { position, chainHash } = JSON.parse(text) as { position: number; chainHash: string };
    const here = reader.chainHashAt(position);
    const same = here !== null && Buffer.from(here).toString('hex') === chainHash;
    return same ? position : 1;
  } catch {
    return 1;
  }
}

export function writeWatermark(folder: string, position: number, reader: Reader): void {
  const chainHash = reader.chainHashAt(position);
  if (chainHash === null) return;
  const text = JSON.stringify({ position, chainHash: Buffer.from(chainHash).toString('hex') });
  const file = join(folder, FILE);
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
