import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HsmError } from '../errors.ts';
import type { EmbeddedKind } from './module.ts';

/**
 * The folder of an embedded token. Its label, made at random, is written when the token with its
 * masters is there: from then on nothing is made in the folder by itself, so that a token that was
 * lost is missed and not replaced. A process runs a module with one folder only, so a token that is
 * not found by its label belongs to another one.
 */
export interface EmbeddedToken extends EmbeddedPlace {
  label: string;
}

interface EmbeddedPlace {
  kind: EmbeddedKind;
  folder: string;
}

const LABEL_FILE = 'label';
const LOCK_FILE = 'making';
const LOCK_POLL_MS = 50;
const LOCK_WAITS_MAX = 600;

/**
 * Gives `work` the token of the folder. When it has to be made first, one process does so and the
 * others wait. Throws `no_masters` when there is none yet and none may be made, `token_not_found`
 * when the one that was there is gone.
 */
export async function withEmbeddedToken<T>(
  place: EmbeddedPlace,
  mayMake: boolean,
  work: (token: EmbeddedToken, isNew: boolean) => Promise<T>,
): Promise<T> {
  const known = presentToken(place);
  if (known !== undefined) return work(known, false);
  const { folder } = place;
  if (!mayMake) {
    throw new HsmError(
      'no_masters',
      `there is no token in ${folder}: posp hsm ceremony master makes one, and so does the first posp serve of a new data folder`,
    );
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return withLock(join(folder, LOCK_FILE), async () => {
    const meanwhile = presentToken(place);
    if (meanwhile !== undefined) return work(meanwhile, false);
    const label = `posp-${randomBytes(6).toString('hex')}`;
    const made = await work({ ...place, label }, true);
    writeFileSync(join(folder, LABEL_FILE), `${label}\n`, { flag: 'wx', flush: true });
    return made;
  });
}

/** Undefined for a folder that never had a token. Throws `token_not_found` for one that has lost it. */
export function presentToken({ kind, folder }: EmbeddedPlace): EmbeddedToken | undefined {
  const file = join(folder, LABEL_FILE);
  if (!existsSync(file)) return undefined;
  if (!holdsToken(kind, folder)) {
    throw new HsmError(
      'token_not_found',
      `the token in ${folder} is gone: restore the folder, or move it away and repeat the ceremony that made its master keys`,
    );
  }
  return { kind, folder, label: readFileSync(file, 'utf8').trim() };
}

function holdsToken(kind: EmbeddedKind, folder: string): boolean {
  if (kind === 'nss') return existsSync(join(folder, 'key4.db'));
  const tokens = join(folder, 'tokens');
  return existsSync(tokens) && readdirSync(tokens).length > 0;
}

/** Locks that this process holds: another start may get the number of a process that was cut short. */
const held = new Set<string>();

/** One process at a time; a lock whose process has ended is taken over. */
async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  for (let waits = 0; !takeLock(file); waits++) {
    if (waits >= LOCK_WAITS_MAX) {
      throw new HsmError('unavailable', `another process is making the token: ${file} stays`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  held.add(file);
  try {
    return await work();
  } finally {
    held.delete(file);
    rmSync(file, { force: true });
  }
}

function takeLock(file: string): boolean {
  try {
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new HsmError('unavailable', `cannot write ${file}`);
    }
  }
  if (!isHeld(file)) rmSync(file, { force: true });
  return false;
}

function isHeld(file: string): boolean {
  try {
    const holder = Number(readFileSync(file, 'utf8'));
    // The file is there a moment before its content is.
    if (holder === 0) return true;
    if (holder === process.pid) return held.has(file);
    process.kill(holder, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
