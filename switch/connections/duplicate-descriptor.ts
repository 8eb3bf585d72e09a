/**
 * A second descriptor of an open socket. A worker thread that ends closes every descriptor that it
 * used, so each worker gets a listening descriptor of its own, and a connection that goes on in
 * another worker goes there under a new one.
 *
 * Node has no call for it; koffi calls the system's `dup`. It is an optional package: without it
 * everything works but the change of workers while running.
 */
import { createRequire } from 'node:module';

type Dup = (fd: number) => number;

const dup = findDup();

function findDup(): Dup | null {
  if (process.platform === 'win32') return null;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    return koffi.load(null).func('int dup(int fd)') as unknown as Dup;
  } catch {
    return null;
  }
}

/** Whether descriptors can be duplicated here. */
export const canDuplicate = dup !== null;

/** A new descriptor of the same socket; it stays open when the other is closed. */
export function duplicateDescriptor(fd: number): number {
  if (dup === null) throw new Error('descriptors cannot be duplicated without the koffi package');
  const copy = dup(fd);
  if (copy < 0) throw new Error('the process has no descriptor left: raise its limit (ulimit -n)');
  return copy;
}
