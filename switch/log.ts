/**
 * The log of a thread: JSON lines on stderr. What goes in is safe by construction: messages print
 * their masked form, and no other object with card data is ever handed to it.
 */
import { destination, type Logger, pino } from 'pino';

export type { Logger };

const STDERR = 2;

export function createLog(thread: string, level: string): Logger {
  const options = { level, base: { thread }, timestamp: isoTime };
  return pino(options, destination({ dest: STDERR, sync: true }));
}

function isoTime(): string {
  return `,"time":"${new Date().toISOString()}"`;
}
