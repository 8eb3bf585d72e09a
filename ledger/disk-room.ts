/** Whether a commit failed because the disk is full. */
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const PROBE_BYTES = 1 << 20;

/**
 * LMDB reports a short write as an input/output error, whatever cut it short. So a file beside its own
 * is tried, as far out: a full disk, a quota and a limit on file sizes all refuse it.
 */
export function hasRoom(dataDir: string): boolean {
  const probe = join(dataDir, 'probe.tmp');
  try {
    const { size } = statSync(join(dataDir, 'data.mdb'));
    const file = openSync(probe, 'w', 0o600);
    try {
      return writeSync(file, Buffer.alloc(PROBE_BYTES), 0, PROBE_BYTES, size) === PROBE_BYTES;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG';
  } finally {
    rmSync(probe, { force: true });
  }
}
