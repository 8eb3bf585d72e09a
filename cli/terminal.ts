import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { openHsm } from '../hsm/open.ts';
import { cup } from '../protocols/dialects/cup.ts';
import { CUP_RESPONSES } from '../protocols/dialects/cup-responses.ts';
import { pageOf } from '../protocols/inspect/page.ts';
import { type Exchanged, PosTerminal, type Slip } from '../simulators/terminal/pos-terminal.ts';
import { SlipBox } from '../simulators/terminal/slip-box.ts';
import { type TerminalAlgorithm, TerminalKeys } from '../simulators/terminal/terminal-keys.ts';
import {
  action,
  EXIT,
  type ExitCode,
  printJson,
  printLine,
  printNote,
  UsageError,
} from './command.ts';

interface TerminalOptions {
  host: string;
  port: string;
  terminal: string;
  merchant: string;
  masterKey?: string;
  amount?: string;
  card: string;
  expiry: string;
  pin?: string;
  original?: string;
  slips: string;
  json?: boolean;
}

/** Published test master keys of the sample hospital, by the terminal's key algorithm. */
const SAMPLE_MASTER_KEYS: Record<TerminalAlgorithm, string> = {
  '3des': '0123456789ABCDEFFEDCBA9876543210',
  sm4: '00112233445566778899AABBCCDDEEFF',
};

/** Terminals of the sample hospital that work with SM4. */
const SAMPLE_SM4_TERMINALS = new Set(['10000019', '10000020']);

/** What the simulator can do, by the name on the command line. */
const TRANSACTIONS: Record<
  string,
  (terminal: PosTerminal, options: TerminalOptions, slips: SlipBox) => Promise<Exchanged>
> = {
  'sign-in': async (_terminal, _options, slips) => slips.signedIn,
  echo: (terminal) => terminal.echo(),
  purchase: (terminal, options) => terminal.purchase(cardOf(options), amountFenOf(options)),
  balance: (terminal, options) => terminal.balance(cardOf(options)),
  void: (terminal, options, slips) => terminal.void(originalOf(options, slips)),
  refund: (terminal, options, slips) => {
    const original = originalOf(options, slips);
    const amountFen = options.amount === undefined ? original.amountFen : amountFenOf(options);
    return terminal.refund(original, amountFen);
  },
  settle: (terminal) => terminal.settle(),
  'sign-off': (terminal) => terminal.signOff(),
};

export function addTerminalCommand(program: Command): void {
  program
    .command('terminal <transaction>')
    .description(`Simulate a POS terminal (终端模拟器): ${Object.keys(TRANSACTIONS).join(', ')}`)
    .option('--host <host>', 'where the switch is', '127.0.0.1')
    .option('--port <number>', 'its port', '8583')
    .option('--terminal <id>', 'field 41', '10000001')
    .option('--merchant <id>', 'field 42', '123456789012345')
    .option('--master-key <hex>', 'terminal master key (default: the sample hospital’s)')
    .option('--amount <yuan>', 'e.g. 12.50')
    .option('--card <number>', 'card number', '6219990000000000010')
    .option('--expiry <YYMM>', 'card expiry', '3012')
    .option('--pin <digits>', 'card PIN (default: none is entered)')
    .option('--original <reference>', 'field 37 of the slip to void or refund (default: the last)')
    .addOption(
      new Option('--slips <file>', 'where the simulated terminal keeps its slips').default(
        join(tmpdir(), 'posp-terminal-slips.json'),
        'in the temporary folder',
      ),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ posp terminal purchase --amount 12.50 --pin 123456\n')
    .action(action(run));
}

async function run(transaction: string, options: TerminalOptions): Promise<ExitCode> {
  const perform = TRANSACTIONS[transaction];
  if (perform === undefined) {
    const known = Object.keys(TRANSACTIONS).join(', ');
    throw new UsageError(
      `'${transaction}' is no transaction of this simulator; there are: ${known}`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'posp-terminal-'));
  const hsm = await openHsm({ provider: 'software', keyFile: join(folder, 'keys.json') });
  try {
    const algorithm = SAMPLE_SM4_TERMINALS.has(options.terminal) ? 'sm4' : '3des';
    const masterKey = options.masterKey ?? SAMPLE_MASTER_KEYS[algorithm];
    const keys = await TerminalKeys.inject(hsm, masterKey, algorithm);
    const terminal = new PosTerminal({
      host: options.host,
      port: Number(options.port),
      terminalId: options.terminal,
      merchantId: options.merchant,
      keys,
    });
    const slips = new SlipBox(options.slips, options.terminal);
    terminal.resume(slips.batchNumber, slips.lastTrace);
    const signedIn = await terminal.signIn();
    slips.signedIn = signedIn;
    const approved = signedIn.responseCode === '00';
    if (approved) terminal.totals.current = slips.totalsOf(terminal.batchNumber);
    const done = approved ? await perform(terminal, options, slips) : signedIn;
    if (done.slip !== null) slips.add(done.slip);
    slips.save(terminal);
    terminal.close();
    print(done, options.json === true);
    return done.responseCode === '00' ? EXIT.ok : EXIT.failed;
  } finally {
    await hsm.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(done: Exchanged, asJson: boolean): void {
  const { request, answer, responseCode, slip, reversed, latencyMs } = done;
  if (asJson) {
    const masked = slip === null ? null : { ...slip, card: undefined };
    printJson({ responseCode, request, answer, slip: masked, reversed, latencyMs });
    return;
  }
  printLine(pageOf(cup.explain(request), null));
  printLine();
  if (answer !== null) printLine(pageOf(cup.explain(answer), null));
  const meaning = CUP_RESPONSES[responseCode];
  const text = meaning === undefined ? '' : ` ${meaning.name.zh} ${meaning.name.en}`;
  printLine(`\n${responseCode}${text}  (${latencyMs.toFixed(1)} ms)`);
  if (reversed) printNote('posp: there was no usable answer; the transaction was reversed');
}

function cardOf({ card, expiry, pin }: TerminalOptions) {
  return { number: card, expiry, ...(pin === undefined ? {} : { pin }) };
}

function amountFenOf({ amount }: TerminalOptions): number {
  const [, yuan, fen = ''] = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(amount ?? '') ?? [];
  if (yuan === undefined) throw new UsageError('say the amount in yuan with --amount, e.g. 12.50');
  return Number(yuan) * 100 + Number(fen.padEnd(2, '0'));
}

function originalOf({ original }: TerminalOptions, slips: SlipBox): Slip {
  const slip = slips.find(original);
  if (slip === null) {
    throw new UsageError(
      'there is no such purchase among the slips; make one, or name its field 37',
    );
  }
  return slip;
}
