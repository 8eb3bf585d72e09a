/**
 * Lets the payments' threads go first: on a busy machine a view may be late for a moment, a terminal
 * must not wait.
 */
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Lowers the priority of the thread that calls it, where threads have one of their own: on Linux, whose
 * `/proc/thread-self` names the thread. Elsewhere nothing happens.
 */
export function yieldProcessor(): void {
  if (process.platform !== 'linux') return;
  try {
    const threadId = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(threadId, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A system that does not let us: the thread keeps the usual priority, and only speed suffers.
  }
}
