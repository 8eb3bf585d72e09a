import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { openHsm } from '../hsm/open.ts';
import { cup } from '../protocols/dialects/cup.ts';
import { CUP_RESPONSES } from '../protocols/dialects/cup-responses.ts';
import { ProtocolError } from '../protocols/error.ts';
import { pageOf } from '../protocols/inspect/page.ts';
import { ChipBox } from '../simulators/card/chip-box.ts';
import type { Exchanged } from '../simulators/terminal/exchange.ts';
import { PosTerminal } from '../simulators/terminal/pos-terminal.ts';
import { SlipBox } from '../simulators/terminal/slip-box.ts';
import { type TerminalAlgorithm, TerminalKeys } from '../simulators/terminal/terminal-keys.ts';
import {
  action,
  EXIT,
  type ExitCode,
  portOf,
  printJson,
  printLine,
  printNote,
  UsageError,
} from './command.ts';
import { TERMINAL_TRANSACTIONS, type TerminalOptions } from './terminal/transactions.ts';

/** Published test master keys of the sample hospital, by the terminal's key algorithm. */
const SAMPLE_MASTER_KEYS: Record<TerminalAlgorithm, string> = {
  '3des': '0123456789ABCDEFFEDCBA9876543210',
  sm4: '00112233445566778899AABBCCDDEEFF',
};

/** Terminals of the sample hospital that work with SM4. */
const SAMPLE_SM4_TERMINALS = new Set(['10000019', '10000020']);

/** Why there is no answer, behind the address. */
const NO_ANSWER: Record<string, string> = {
  refused: 'takes no connection: does the switch run there (posp serve)?',
  disconnected: 'closed the connection without an answer',
  timeout: 'did not answer in time',
};

export function addTerminalCommand(program: Command): void {
  program
    .command('terminal <transaction>')
    .description(
      `Simulate a POS terminal (终端模拟器): ${Object.keys(TERMINAL_TRANSACTIONS).join(', ')}`,
    )
    .option('--host <host>', 'where the switch is', '127.0.0.1')
    .option('--port <number>', 'its port', '8583')
    .option('--terminal <id>', 'field 41', '10000001')
    .option('--merchant <id>', 'field 42', '123456789012345')
    .option('--master-key <hex>', 'terminal master key (default: the sample hospital’s)')
    .option('--amount <yuan>', 'e.g. 12.50')
    .option('--card <number>', 'card number', '6219990000000000010')
    .option('--expiry <YYMM>', 'card expiry', '3012')
    .option('--pin <digits>', 'card PIN (default: none is entered)')
    .option('--encrypt-track', 'send tracks under the track key of the sign-in (磁道加密)')
    .option('--original <reference>', 'field 37 of the slip that is meant (default: the last)')
    .option('--receiver <number>', 'card that receives a transfer or a load')
    .option('--code <text>', 'payment code, authorisation code, or what is downloaded')
    .option('--text <text>', 'status text, or the bytes of a signature')
    .option('--application <name>', 'of the chip: purse (电子钱包) or passbook (电子存折)', 'purse')
    .addOption(
      new Option('--slips <file>', 'where the simulated terminal keeps its slips').default(
        join(tmpdir(), 'posp-terminal-slips.json'),
        'in the temporary folder',
      ),
    )
    .addOption(
      new Option('--chips <file>', 'where the simulated chips are kept').default(
        join(tmpdir(), 'posp-terminal-chips.json'),
        'in the temporary folder',
      ),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples())
    .action(action(run));
}

/** One example a transaction. */
function examples(): string {
  const lines = Object.values(TERMINAL_TRANSACTIONS).map(({ example }) => {
    return `  $ posp terminal ${example}`;
  });
  return `\nExamples:\n${lines.join('\n')}\n`;
}

async function run(transaction: string, options: TerminalOptions): Promise<ExitCode> {
  const wanted = TERMINAL_TRANSACTIONS[transaction];
  if (wanted === undefined) {
    const known = Object.keys(TERMINAL_TRANSACTIONS).join(', ');
    throw new UsageError(
      `'${transaction}' is no transaction of this simulator; there are: ${known}`,
    );
  }
  mustFit('--terminal', options.terminal, 8);
  mustFit('--merchant', options.merchant, 15);
  const folder = mkdtempSync(join(tmpdir(), 'posp-terminal-'));
  const hsm = await openHsm({ provider: 'software', keyFile: join(folder, 'keys.json') });
  try {
    const algorithm = SAMPLE_SM4_TERMINALS.has(options.terminal) ? 'sm4' : '3des';
    const masterKey = options.masterKey ?? SAMPLE_MASTER_KEYS[algorithm];
    const keys = await TerminalKeys.inject(hsm, masterKey, algorithm);
    const terminal = new PosTerminal({
      host: options.host,
      port: portOf('--port', options.port),
      terminalId: options.terminal,
      merchantId: options.merchant,
      keys,
      encryptsTracks: options.encryptTrack === true,
    });
    try {
      const slips = kept('--slips', options.slips, () => {
        return new SlipBox(options.slips, options.terminal);
      });
      const chips = kept('--chips', options.chips, () => new ChipBox(options.chips));
      terminal.resume(slips.batchNumber, slips.lastTrace);
      const signedIn = await terminal.signIn();
      slips.signedIn = signedIn;
      const approved = signedIn.responseCode === '00';
      if (approved) terminal.totals.current = slips.totalsOf(terminal.batchNumber);
      const done = approved
        ? await readable(() => wanted.perform({ terminal, options, slips, chips }))
        : signedIn;
      if (done.slip !== null) slips.add(done.slip);
      slips.save(terminal);
      print(done, options.json === true);
      const reason = NO_ANSWER[done.responseCode];
      if (reason !== undefined) printNote(`posp: ${options.host}:${options.port} ${reason}`);
      return done.responseCode === '00' ? EXIT.ok : EXIT.failed;
    } finally {
      terminal.close();
    }
  } finally {
    await hsm.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Fields 41 and 42 are never filled up: a shorter id is another one, or a slip of the fingers. */
function mustFit(option: string, id: string, characters: number): void {
  if (/^[\x21-\x7e]+$/.test(id) && id.length === characters) return;
  throw new UsageError(`${option}: expected ${characters} letters or digits, not '${id}'`);
}

/** Opens a file that the simulator keeps; what it cannot write later it must not begin with. */
function kept<Box>(option: string, file: string, open: () => Box): Box {
  try {
    accessSync(dirname(file), constants.W_OK);
    return open();
  } catch (error) {
    const { code = 'it is not what the simulator wrote' } = error as NodeJS.ErrnoException;
    throw new UsageError(`${option}: ${file} cannot be used (${code})`);
  }
}

/** What does not fit its field was wrong on the command line. */
async function readable(perform: () => Promise<Exchanged>): Promise<Exchanged> {
  try {
    return await perform();
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'bad-value') {
      throw new UsageError(error.message);
    }
    throw error;
  }
}

function print(done: Exchanged, asJson: boolean): void {
  const { request, answer, responseCode, slip, reversed, latencyMs } = done;
  if (asJson) {
    const masked = slip === null ? null : { ...slip, card: undefined };
    printJson({ responseCode, request, answer, slip: masked, reversed, latencyMs });
    return;
  }
  if (responseCode === 'refused') return;
  printLine(pageOf(cup.explain(request), null));
  printLine();
  if (answer !== null) printLine(pageOf(cup.explain(answer), null));
  const meaning = CUP_RESPONSES[responseCode];
  const text = meaning === undefined ? '' : ` ${meaning.name.zh} ${meaning.name.en}`;
  printLine(`\n${responseCode}${text}  (${latencyMs.toFixed(1)} ms)`);
  if (reversed) printNote('posp: there was no usable answer; the transaction was reversed');
}
