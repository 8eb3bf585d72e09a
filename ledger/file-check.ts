/**
 * Whether a ledger's file can be opened at all. LMDB maps the file and believes it: a file that was cut
 * off, or that is something else, would end the process without a word. So its head is read before.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LedgerError } from './errors.ts';
import { threadFile } from './thread-file.ts';

/** The two meta pages at the start of LMDB's file, of which the one with the higher transaction counts. */
const META_PAGES = 2;
const META_BYTES = 160;
const MAGIC = 0xbeefc0de;
/** Where they stand in a meta page. */
const AT = { magic: 0x18, pageBytes: 0x30, lastPage: 0x90, transaction: 0x98 };
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;

/** Throws LedgerError storage_failed. */
export function checkFile(dataDir: string): void {
  const path = join(dataDir, 'data.mdb');
  const file = openSync(path, 'r');
  try {
    const wanted = wantedBytes(file);
    if (wanted === null) throw damaged(path, 'its head is not that of a ledger');
    // Looked at after the head: a writer makes the file longer before it says so there.
    const { size } = fstatSync(file);
    // Pages at the end that were freed before they were written are missing in a file that is whole, too.
    if (size < wanted && !canBeRead(dataDir)) {
      throw damaged(path, `it has ${size} bytes and should have ${wanted}`);
    }
  } finally {
    closeSync(file);
  }
}

function damaged(path: string, how: string): LedgerError {
  return new LedgerError(
    'storage_failed',
    `${path} is damaged: ${how}. Restore a backup (posp ledger restore)`,
  );
}

/** The size that the file says it has; null when it has no head. */
function wantedBytes(file: number): number | null {
  const head = Buffer.alloc(META_BYTES);
  if (readSync(file, head, 0, META_BYTES, 0) < META_BYTES) return null;
  const pageBytes = head.readUInt32LE(AT.pageBytes);
  const isPageSize = (pageBytes & (pageBytes - 1)) === 0;
  if (!isPageSize || pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX) return null;
  let newest = -1n;
  let lastPage = 0n;
  for (let page = 0; page < META_PAGES; page++) {
    if (readSync(file, head, 0, META_BYTES, page * pageBytes) < META_BYTES) return null;
    if (head.readUInt32LE(AT.magic) !== MAGIC) return null;
    const transaction = head.readBigUInt64LE(AT.transaction);
    if (transaction <= newest) continue;
    newest = transaction;
    lastPage = head.readBigUInt64LE(AT.lastPage);
  }
  return Number(lastPage + 1n) * pageBytes;
}

/** Another process reads everything: what ends it does not end this one. */
function canBeRead(dataDir: string): boolean {
  const probe = fileURLToPath(threadFile('file-probe', import.meta.url));
  return spawnSync(process.execPath, [probe, dataDir], { stdio: 'ignore' }).status === 0;
}
