import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { DIALECTS, foreignDialect, type KnownDialect } from '../protocols/dialects/index.ts';
import { ProtocolError } from '../protocols/error.ts';
import { dialectFromText } from '../protocols/iso8583/dialect-file.ts';
import { EXIT, type ExitCode, printNote, UsageError } from './command.ts';

/** What decode, encode and explain share: where their input comes from and which dialect it is. */

/** The dialect of `--dialect`: a name, or a file (.yaml, .yml, .json) with a dialect's table. */
export function knownDialect(name: string): KnownDialect {
  const known = DIALECTS[name];
  if (known !== undefined) return known;
  if (/\.(ya?ml|json)$/.test(name)) return dialectOfFile(name);
  const names = Object.keys(DIALECTS).join(', ');
  throw new UsageError(`there is no dialect ${name}; known are ${names}, or give a file`);
}

function dialectOfFile(path: string): KnownDialect {
  try {
    return foreignDialect(dialectFromText(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof ProtocolError) throw new UsageError(`${path}: ${error.message}`);
    throw new UsageError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** The bytes of a HEX argument; spaces are allowed between them. */
export function hexBytes(text: string): Buffer {
  const hex = text.replace(/\s+/g, '');
  if (hex.length === 0) throw new UsageError('there is no frame to read');
  if (!/^[0-9a-fA-F]+$/.test(hex)) throw new UsageError('the frame is not hex');
  if (hex.length % 2 !== 0) throw new UsageError('the frame has an odd number of hex digits');
  return Buffer.from(hex, 'hex');
}

/** One frame or document of stdin, and the line where it begins. */
export interface Input {
  readonly text: string;
  readonly line: number;
}

interface InputRules {
  /** An input that cannot be read is named on stderr; this may say so on stdout, too. */
  readonly unreadable?: (message: string) => void;
  /** What an input is, when it may be longer than a line. */
  readonly split?: (lines: AsyncIterable<Input>) => AsyncIterable<Input>;
}

/**
 * Does the work for the argument itself, or for each line of stdin that is not empty when it is `-`.
 * After an input that cannot be read the next one is taken; the worst exit code wins.
 */
export async function eachInput(
  argument: string,
  work: (input: string) => ExitCode,
  { unreadable, split = (lines) => lines }: InputRules = {},
): Promise<ExitCode> {
  if (argument !== '-') return work(argument);
  let worst: ExitCode = EXIT.ok;
  let inputs = 0;
  for await (const { text, line } of split(linesOfStdin())) {
    inputs++;
    try {
      const exit = work(text);
      if (exit > worst) worst = exit;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      printNote(`posp: line ${line}: ${error.message}`);
      unreadable?.(error.message);
      worst = EXIT.usage;
    }
  }
  if (inputs === 0) throw new UsageError('there is nothing to read on stdin');
  return worst;
}

/** The lines of stdin that are not empty. */
async function* linesOfStdin(): AsyncIterable<Input> {
  let line = 0;
  for await (const text of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    line++;
    if (text.trim().length > 0) yield { text, line };
  }
}
