/**
 * Lets the payments' threads go first: on a busy machine views may lag, terminals must not wait.
 *
 * Linux has a priority for each thread, named by its thread id, which Node does not tell; koffi, an
 * optional package, asks the system. Elsewhere, or without it, the thread keeps the usual priority.
 */
import { createRequire } from 'node:module';
import { constants, setPriority } from 'node:os';

/** Lowers the priority of the thread that calls it; false where that cannot be done. */
export function goLast(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const threadId = koffi.load(null).func('int gettid()')() as number;
    setPriority(threadId, constants.priority.PRIORITY_LOW);
    return true;
  } catch {
    return false;
  }
}
