import type { Command } from 'commander';
import { readFrame } from '../protocols/inspect/frame.ts';
import { pageOf } from '../protocols/inspect/page.ts';
import { action, EXIT, type ExitCode, printJson, printLine, printNote } from './command.ts';
import { eachInput, hexBytes, knownDialect } from './frame-input.ts';

interface Options {
  readonly dialect: string;
  readonly json?: boolean;
}

/** `posp explain`: a frame for people, masked. */
export function addExplainCommand(program: Command): void {
  program
    .command('explain')
    .description('Explain an ISO 8583 frame field by field; card data is masked')
    .argument('<hex>', 'the frame in hex, or - for one frame a line on stdin')
    .option('--dialect <name>', 'dialect of the message', 'cup')
    .option('--json', 'one JSON document a frame')
    .addHelpText(
      'after',
      '\nExample:\n  posp explain 600006000060310031123408200000000000C0001031303030303030313132333435363738393031323334350011000000073010',
    )
    .action(action(explain));
}

async function explain(argument: string, options: Options): Promise<ExitCode> {
  const known = knownDialect(options.dialect);
  return eachInput(argument, (input) => {
    const { pieces, message, error } = readFrame(hexBytes(input), known);
    const explanation = message === null ? null : known.codec.explain(message);
    if (options.json === true) {
      const layout = pieces?.layout ?? null;
      printJson({ layout, ...explanation, ...(error === null ? {} : { error }) });
    } else if (explanation !== null) {
      printLine(pageOf(explanation, pieces));
    }
    if (error === null) return EXIT.ok;
    printNote(`posp: ${error.code} at byte ${error.offset}: ${error.message}`);
    return EXIT.failed;
  });
}
