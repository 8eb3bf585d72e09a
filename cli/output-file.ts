/** Files that a command writes where `--out` and the like say: what goes wrong is one line. */
import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from './command.ts';

const REASONS: Record<string, string> = {
  EACCES: 'this user may not write there',
  EEXIST: 'it is there already',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is a file',
  EROFS: 'the file system is read-only',
};

/** Asked before the work, where its outcome must not be lost: the file can be made, and none is there. */
export function requireNewFile(option: string, path: string | undefined): void {
  if (path === undefined) return;
  const folder = dirname(path);
  explained(option, path, () => {
    if (existsSync(path)) throw Object.assign(new Error(), { code: 'EEXIST' });
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(folder, constants.W_OK | constants.X_OK);
  });
}

/** Writes a file that must not be there yet. */
export function writeNewFile(option: string, path: string, content: string): void {
  explained(option, path, () => writeFileSync(path, content, { flag: 'wx' }));
}

/** Writes a file, over the one that is there. */
export function writeOutputFile(option: string, path: string, content: Uint8Array): void {
  explained(option, path, () => writeFileSync(path, content));
}

function explained(option: string, path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const { code = 'failed' } = error as NodeJS.ErrnoException;
    throw new UsageError(`${option}: ${path} cannot be written: ${REASONS[code] ?? code}`);
  }
}
