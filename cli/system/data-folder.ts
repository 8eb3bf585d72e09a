/** Where a deployment's data lies, for every command that takes `--data`. */
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const DEFAULT_DATA_DIR = './data';

/** The journal's place within the data folder. */
export function ledgerFolder(dataDir: string): string {
  return join(dataDir, 'ledger');
}

/** The data folder cannot be made or written: `message` is a sentence. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

const REASONS: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  ENOENT: 'no folder can be made there',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/** Makes the data folder when it is missing. Throws DataFolderError when it cannot be used. */
export function prepareDataFolder(dataDir: string): void {
  try {
    makeFolder(resolve(dataDir));
    if (!statSync(dataDir).isDirectory()) throw Object.assign(new Error(), { code: 'EEXIST' });
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new DataFolderError(`data folder ${dataDir}: ${REASONS[code] ?? code}`);
  }
}

/**
 * Makes a folder and those above it that are missing, one by one: Node's own `recursive` tries for
 * ever where the system says that the parent is missing though it is there (`/proc`), and reports a
 * parent that may not be written as one that is missing.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
