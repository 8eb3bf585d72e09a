import type { Command } from 'commander';
import { documentOf, envelopeOf } from '../protocols/inspect/document.ts';
import { readFrame } from '../protocols/inspect/frame.ts';
import { action, EXIT, type ExitCode, printJson, printLine } from './command.ts';
import { eachInput, hexBytes, knownDialect } from './frame-input.ts';

interface Options {
  readonly dialect: string;
  readonly json?: boolean;
}

/** `posp decode`: a frame as a JSON document. */
export function addDecodeCommand(program: Command): void {
  program
    .command('decode')
    .description(
      'Decode an ISO 8583 frame to JSON; the layout around the message is found by itself',
    )
    .argument('<hex>', 'the frame in hex, or - for one frame a line on stdin')
    .option('--dialect <name>', 'dialect of the message', 'cup')
    .option('--json', 'one compact document (always so for stdin)')
    .addHelpText(
      'after',
      '\nExample:\n  posp decode 600006000060310031123408200000000000C0001031303030303030313132333435363738393031323334350011000000073010',
    )
    .action(action(decode));
}

async function decode(argument: string, options: Options): Promise<ExitCode> {
  const known = knownDialect(options.dialect);
  const work = (input: string): ExitCode => {
    const read = readFrame(hexBytes(input), known);
    const document = documentOf(read, known);
    const { error } = read;
    const { code, field, offset, message } = error ?? {};
    const shown =
      error === null
        ? document
        : { error: { code, field, offset, message }, decoded: document ?? envelopeOf(read, known) };
    if (options.json === true || argument === '-') printJson(shown);
    else printLine(JSON.stringify(shown, null, 2));
    return error === null ? EXIT.ok : EXIT.failed;
  };
  // Also a line that is no hex gets its document, so that answers and lines stay side by side.
  const unreadable = (message: string): void => {
    const error = { code: 'bad-hex', field: null, offset: 0, message };
    printJson({ error, decoded: { fields: {} } });
  };
  return eachInput(argument, work, { unreadable });
}
