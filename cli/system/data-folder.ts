/** Where a deployment's data lies, for every command that takes `--data`. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';

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
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/** Makes the data folder when it is missing. Throws DataFolderError when it cannot be used. */
export function prepareDataFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new DataFolderError(`data folder ${dataDir}: ${REASONS[code] ?? code}`);
  }
}
