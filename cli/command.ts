/**
 * What every command shares: exit codes, where output goes, and how failures read.
 *
 * One JSON document goes to stdout when `--json` is given and nothing else does; everything meant
 * for a person's eye during the work (progress, warnings, logs) goes to stderr.
 */

/** What was asked held; what was asked did not hold; the question itself was wrong. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Wrong usage or unreadable input: one clear line on stderr, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Characters that JSON allows as they are, but that some readers take for the end of a line, and
 * terminals for a command.
 */
const CONTROLS = /[\u007f-\u009f\u2028\u2029]/g;

/** Prints the one JSON document of a command. */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value).replace(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  process.stdout.write(`${text}\n`);
}

/** Prints one line for people on stdout. */
export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Prints one line on stderr: progress, warnings, and errors. */
export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A port of the command line. */
export function portOf(option: string, text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`${option}: expected a port from 0 to 65535, not ${text}`);
}

/** Errors whose message is a sentence for the person at the terminal: no stack is needed. */
const EXPLAINED = new Set([
  'LedgerError',
  'HsmError',
  'ConfigError',
  'AddressError',
  'DataFolderError',
]);

export function isExplained(error: unknown): error is Error {
  return error instanceof Error && EXPLAINED.has(error.name);
}

/**
 * Wraps a command's work for commander: the returned code becomes the process's exit code, and a
 * UsageError (or an error that explains itself) becomes one line on stderr and exit 2. Any other
 * error is a fault of ours and stops the process with its stack.
 */
export function action<Arguments extends unknown[]>(
  work: (...args: Arguments) => ExitCode | Promise<ExitCode>,
): (...args: Arguments) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = await work(...args);
    } catch (error) {
      if (!(error instanceof UsageError) && !isExplained(error)) throw error;
      printNote(`posp: ${error.message.replace(/\s*\n\s*/g, '; ')}`);
      process.exitCode = EXIT.usage;
    }
  };
}
