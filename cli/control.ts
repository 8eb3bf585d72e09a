import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { askControl } from '../api/control.ts';
import { maskPan } from '../protocols/mask.ts';
import { action, EXIT, type ExitCode, printJson, printLine, UsageError } from './command.ts';

interface ControlOptions {
  data: string;
  why?: string;
  who: string;
  json?: boolean;
}

type Change = Record<string, unknown>;

/** `posp control`: what an operator changes while the switch runs. */
export function addControlCommand(program: Command): void {
  const control = program
    .command('control')
    .description('Change rules of a running switch: limits, black list, hours, terms (运行控制)')
    .addHelpText('after', EXAMPLES);
  look(control, 'list', 'rules, settings and the black list', 'control/list');
  look(control, 'held', 'money that is held: pre-authorisations and deposits', 'control/held');
  look(control, 'grey', 'offline payments of chips that are not proven', 'control/grey');
  change(
    control.command('set <scope> <rules>').description('rules of a scope, as JSON'),
    (scope, rules) => ['control/set', { scope, rules }],
  );
  change(
    control.command('remove <scope>').description('no rules for a scope any more'),
    (scope) => ['control/set', { scope, rules: null }],
  );
  change(
    control.command('disable <scope>').description('nothing new is taken: terminal/10000001, …'),
    (scope) => ['control/disable', { scope, disabled: true }],
  );
  change(control.command('enable <scope>').description('the opposite of disable'), (scope) => [
    'control/disable',
    { scope, disabled: false },
  ]);
  change(
    control.command('setting <name> <value>').description('terms and downloads, as JSON'),
    (name, value) => ['control/setting', { name, value }],
  );
  change(
    control
      .command('block <card>')
      .description('put a card on the black list')
      .option('--code <code>', 'field 39: 04, 41, 43 or 62', '43'),
    (card, _unused, { code }) => ['control/block', { card, code }],
  );
  change(
    control.command('unblock <card>').description('take a card off the black list'),
    (card) => ['control/unblock', { card }],
  );
  change(
    control.command('unlock-pin <card>').description('forget the wrong PINs of a card'),
    (card) => ['control/unlock-pin', { card }],
  );
  change(
    control.command('pay-grey <id>').description('pay a grey record to its merchant'),
    (id) => ['control/grey-decide', { id, pay: true }],
  );
  change(control.command('reject-grey <id>').description('drop a grey record'), (id) => [
    'control/grey-decide',
    { id, pay: false },
  ]);
  change(
    control.command('wallet-code <card>').description('the payment code that a telephone shows'),
    (card) => ['control/wallet-code', { card }],
  );
  change(
    control.command('pay-order <order> <card>').description('pay a scanned order, as an app does'),
    (order, card) => ['control/pay-order', { order, card }],
  );
}

const EXAMPLES = `
Examples:
  $ posp control set each-card '{"limits":[{"dayFen":500000,"dayCount":20}]}' --why "yearly review"
  $ posp control disable terminal/10000007 --why "stolen"
  $ posp control block 6228480000000000017 --code 43 --why "police report 4711"
  $ posp control setting pin '{"triesMax":3}' --why "board decision"
`;

function look(parent: Command, name: string, description: string, call: string): void {
  parent
    .command(name)
    .description(description)
    .option('--data <dir>', 'data folder of the running switch', './data')
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  $ posp control ${name} --data ./data\n`)
    .action(action((options: ControlOptions) => ask(call, {}, options)));
}

/** A sub-command with one or two words, who and why. */
function change(
  command: Command,
  call: (first: string, second: string, options: Record<string, string>) => [string, Change],
): void {
  command
    .option('--data <dir>', 'data folder of the running switch', './data')
    .option('--why <reason>', 'why; it stands in the journal', 'by hand')
    .option('--who <name>', 'who; it stands in the journal', userInfo().username)
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(
      action((...words: unknown[]) => {
        const options = words.at(-2) as ControlOptions & Record<string, string>;
        const [first = '', second = ''] = words.slice(0, -2) as string[];
        const [name, argument] = call(first, second, options);
        const author = { who: `operator ${options.who}`, why: options.why ?? '' };
        return ask(name, { ...argument, ...author }, options);
      }),
    );
}

async function ask(name: string, argument: Change, options: ControlOptions): Promise<ExitCode> {
  const answer = await askControl(options.data, name, argument);
  if (answer === null) throw new UsageError(`no switch runs on ${options.data}`);
  if ('error' in answer) throw new UsageError(answer.error);
  if (options.json) printJson(answer.result);
  else printLine(JSON.stringify(answer.result, maskCards, 2));
  return EXIT.ok;
}

/** People see masked card numbers; machines that ask for JSON need them. */
function maskCards(key: string, value: unknown): unknown {
  const isCard = (key === 'card' || key === 'cardNumber') && typeof value === 'string';
  return isCard ? maskPan(value) : value;
}
