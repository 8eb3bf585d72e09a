import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { openHsm } from '../hsm/open.ts';
import type { MacAlgorithm } from '../hsm/types.ts';
import { DIALECTS } from '../protocols/dialects/index.ts';
import { BankHost } from '../simulators/host/bank-host.ts';
import { behaviourHelp, isBehaviour } from '../simulators/host/behaviour.ts';
import { BankKeys } from '../simulators/host/host-keys.ts';
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

interface HostOptions {
  address: string;
  port: string;
  connect?: string;
  behaviour: string;
  reversals: string;
  code: string;
  lateMs: string;
  stormMs?: string;
  signOnCode: string;
  pin?: string;
  dialect: string;
  mac: string;
  masterKey: string;
  booksPort?: string;
  json?: boolean;
}

/** Published test ZMK of the sample hospital's bank host. */
const SAMPLE_MASTER_KEY = 'FEDCBA98765432100123456789ABCDEF';

export function addHostCommand(program: Command): void {
  program
    .command('host')
    .description('Simulate a bank host (银行主机模拟器) with books of its own')
    .option('--address <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on', '8590')
    .option('--connect <port>', 'connect to a switch that waits for its host, instead of listening')
    .option('--behaviour <name>', 'what happens to financial requests (see below)', 'approve')
    .option('--reversals <name>', 'what happens to reversals', 'approve')
    .option('--code <code>', 'field 39 of what is declined', '51')
    .option('--late-ms <number>', 'delay of late answers', '12000')
    .option('--storm-ms <number>', 'cut all connections again and again')
    .option('--sign-on-code <code>', 'field 39 of sign-on answers', '00')
    .option('--pin <digits>', 'PIN of every card; another one is declined with 55')
    .option('--dialect <name>', 'dialect of the messages', 'iso-1987-binary')
    .option('--mac <algorithm>', 'x9.9, x9.19, x9.19-pad80 or cmac-3des', 'x9.19')
    .option(
      '--master-key <hex>',
      'zone master key (default: the sample hospital’s)',
      SAMPLE_MASTER_KEY,
    )
    .option('--books-port <number>', 'HTTP port that gives the books as JSON at any time')
    .option('--json', 'print the books as one JSON document at the end')
    .addHelpText(
      'after',
      `\nBehaviours:\n${behaviourHelp()}\n\nExample:\n  $ posp host --behaviour late --late-ms 9000\n`,
    )
    .action(action(run));
}

async function run(options: HostOptions): Promise<ExitCode> {
  const { behaviour, reversals } = options;
  if (!isBehaviour(behaviour)) throw new UsageError(`'${behaviour}' is no behaviour; see --help`);
  if (!isBehaviour(reversals)) throw new UsageError(`'${reversals}' is no behaviour; see --help`);
  if (DIALECTS[options.dialect] === undefined) {
    throw new UsageError(`'${options.dialect}' is no dialect of a host`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'posp-host-'));
  const hsm = await openHsm({ provider: 'software', keyFile: join(folder, 'keys.json') });
  rmSync(folder, { recursive: true, force: true });
  const keys = await BankKeys.inject(hsm, options.masterKey, options.mac as MacAlgorithm);
  const host = new BankHost({
    keys,
    dialect: options.dialect,
    behave: () => behaviour,
    behaveToReversal: () => reversals,
    declineCode: options.code,
    lateMs: Number(options.lateMs),
    signOnCode: () => options.signOnCode,
    ...(options.pin === undefined ? {} : { pin: options.pin }),
  });
  host.on('request', (message, did) => {
    if (options.json !== true) printLine(`${message.mti} ${message.get(37) ?? ''} ${did}`.trim());
  });
  await open(host, options);
  const storm =
    options.stormMs === undefined ? null : setInterval(() => host.cut(), Number(options.stormMs));
  const books =
    options.booksPort === undefined
      ? null
      : serveBooks(host, portOf('--books-port', options.booksPort));
  await new Promise<void>((stop) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop());
  });
  if (storm !== null) clearInterval(storm);
  books?.close();
  await host.close();
  await hsm.close();
  if (options.json === true) printJson(host.books);
  return EXIT.ok;
}

async function open(host: BankHost, { address, port, connect }: HostOptions): Promise<void> {
  if (connect !== undefined) {
    host.connectTo(portOf('--connect', connect), address);
    printNote(`posp: bank host simulator connects to ${address}:${connect}; ready`);
    return;
  }
  const bound = await host.listen(portOf('--port', port), address).catch((error: Error) => {
    throw new UsageError(`${address}:${port} cannot be listened on: ${error.message}`);
  });
  printNote(`posp: bank host simulator on ${address}:${bound}; ready`);
}

function serveBooks(host: BankHost, port: number) {
  const server = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'application/json');
    answer.end(JSON.stringify(host.books));
  });
  return server.listen(port, '127.0.0.1');
}
