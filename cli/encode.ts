import type { Command } from 'commander';
import { ProtocolError } from '../protocols/error.ts';
import { type FrameDocument, frameOf } from '../protocols/inspect/document.ts';
import {
  action,
  EXIT,
  type ExitCode,
  printJson,
  printLine,
  printNote,
  UsageError,
} from './command.ts';
import { eachInput, knownDialect } from './frame-input.ts';
import { jsonInputs } from './json-inputs.ts';

interface Options {
  readonly dialect: string;
  readonly json?: boolean;
}

/** `posp encode`: the inverse of `posp decode`. */
export function addEncodeCommand(program: Command): void {
  program
    .command('encode')
    .description('Encode what `posp decode` prints; the result is the frame in hex')
    .argument('<json>', 'the document, or - for documents on stdin, one a line or pretty-printed')
    .option('--dialect <name>', 'dialect of the message', 'cup')
    .option('--json', 'print {"hex":"…"}')
    .addHelpText(
      'after',
      `\nExample:\n  posp encode '{"layout":"body","mti":"0820","fields":{"41":"10000001","42":"123456789012345","60":"00000007301"}}'`,
    )
    .action(action(encode));
}

async function encode(argument: string, options: Options): Promise<ExitCode> {
  const known = knownDialect(options.dialect);
  const work = (input: string): ExitCode => {
    const document = documentFrom(input);
    try {
      const hex = frameOf(document, known).toString('hex').toUpperCase();
      if (options.json === true) printJson({ hex });
      else printLine(hex);
      return EXIT.ok;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { code, field, message } = error;
      if (options.json === true) printJson({ error: { code, field, message } });
      printNote(`posp: ${message}`);
      return EXIT.failed;
    }
  };
  return eachInput(argument, work, { split: jsonInputs });
}

function documentFrom(text: string): FrameDocument {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as FrameDocument;
    }
  } catch {
    // What JSON.parse says names a position in its own words; the line below says what is expected.
  }
  throw new UsageError('the input is not a JSON document as `posp decode` prints it');
}
