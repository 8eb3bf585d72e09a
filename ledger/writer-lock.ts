/**
 * One writer per folder. The writer leaves who it is in the ledger itself, inside a write transaction,
 * so that two cannot both find the folder free. One that died without saying so is told by its process:
 * the boot, the number and the start time together name a process for good.
 *
 * A writer on another machine, or in a container with process numbers of its own, cannot be seen this
 * way. It is fenced instead: each commit checks that its own mark is still there.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { LedgerError } from './errors.ts';
import type { LmdbStorage } from './lmdb-storage.ts';

interface Identity {
  pid: number;
  /** Kernel's boot id and the process's start time in clock ticks; empty where there is no /proc. */
  boot: string;
  started: string;
  /** Tells two writers of one process apart. */
  token: string;
}

/** Tokens of the writers of this thread's process: a worker that died is not in it. */
export function takeFolder(storage: LmdbStorage, dataDir: string): void {
  const identity: Identity = {
    pid: process.pid,
    boot: bootId(),
    started: startTime(process.pid),
    token: randomBytes(16).toString('hex'),
  };
  storage.takeOver(Buffer.from(JSON.stringify(identity)), (current) => {
    if (current === null) return;
    const other = JSON.parse(current.toString('utf8')) as Identity;
    // The host keeps two writers of one process apart, so one of our own process is one that died.
    if (other.pid === process.pid || !isAlive(other)) return;
    throw new LedgerError(
      'folder_in_use',
      `process ${other.pid} writes to ${dataDir}: stop it first, or use another folder`,
    );
  });
}

function isAlive({ pid, boot, started }: Identity): boolean {
  if (boot !== bootId()) return false;
  if (started !== '') return startTime(pid) === started;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function bootId(): string {
  return readOr('/proc/sys/kernel/random/boot_id').trim();
}

/** Field 22 of /proc/PID/stat, counted behind the command's name, which may hold spaces. */
function startTime(pid: number): string {
  const stat = readOr(`/proc/${pid}/stat`);
  const behindName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return behindName[19] ?? '';
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
