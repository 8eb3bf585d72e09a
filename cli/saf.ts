import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { askControl } from '../api/control.ts';
import { action, EXIT, type ExitCode, printJson, printLine, UsageError } from './command.ts';
import { formatTable } from './table.ts';

interface SafOptions {
  data: string;
  json?: boolean;
  reason?: string;
}

interface Listed {
  position: number;
  sort: string;
  host: string;
  terminalId: string;
  reference: string;
  since: string;
  state: string;
  attempts: number;
  lastProblem: string;
}

/** `posp saf list|retry|close`: what hosts must still be told (存储转发). */
export function addSafCommand(program: Command): void {
  const saf = program
    .command('saf')
    .description('Store and forward: what hosts must still be told (存储转发)')
    .addHelpText('after', '\nExample:\n  $ posp saf list --data data\n');
  saf
    .command('list')
    .description('reversals, advices and repeats that a host has not confirmed yet')
    .option('--data <dir>', 'data folder of the running switch', './data')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ posp saf list --json\n')
    .action(action(list));
  saf
    .command('retry <position>')
    .description('send it again at once, also when an operator had it')
    .option('--data <dir>', 'data folder of the running switch', './data')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ posp saf retry 4711\n')
    .action(
      action((position: string, options: SafOptions) => change('saf/retry', position, options)),
    );
  saf
    .command('close <position>')
    .description('end it by hand: it was settled with the bank otherwise')
    .option('--data <dir>', 'data folder of the running switch', './data')
    .requiredOption('--reason <text>', 'why; it is recorded with your name')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ posp saf close 4711 --reason "bank confirmed by telephone"\n',
    )
    .action(
      action((position: string, options: SafOptions) => change('saf/close', position, options)),
    );
}

async function list(options: SafOptions): Promise<ExitCode> {
  const items = (await asked(options, 'saf/list', {})) as Listed[];
  if (options.json === true) {
    printJson(items);
    return EXIT.ok;
  }
  const head = [
    'position',
    'what',
    'host',
    'terminal',
    'reference',
    'since',
    'state',
    'tried',
    'last',
  ];
  const rows = items.map((one) => [
    String(one.position),
    one.sort,
    one.host,
    one.terminalId,
    one.reference,
    one.since,
    one.state,
    String(one.attempts),
    one.lastProblem,
  ]);
  if (rows.length === 0) printLine('nothing is owed to any host');
  else
    printLine(
      formatTable(
        head,
        rows,
        head.map(() => 'left'),
      ),
    );
  return EXIT.ok;
}

async function change(name: string, text: string, options: SafOptions): Promise<ExitCode> {
  const position = Number(text);
  if (!Number.isSafeInteger(position) || position < 1) {
    throw new UsageError(`a position of the list is expected, not ${text}`);
  }
  const { username: who } = userInfo();
  await asked(options, name, { position, who, reason: options.reason ?? '' });
  if (options.json === true) printJson({ position });
  else printLine(`${name.slice(4)}: ${position}`);
  return EXIT.ok;
}

async function asked(
  { data }: SafOptions,
  name: string,
  argument: Record<string, unknown>,
): Promise<unknown> {
  const answer = await askControl(data, name, argument);
  if (answer === null) throw new UsageError(`no switch runs on ${data}`);
  if ('error' in answer) throw new UsageError(answer.error);
  return answer.result;
}
