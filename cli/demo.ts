import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import type { HsmSettings } from '../config/schema.ts';
import { verify } from '../ledger/verify.ts';
import { createLog } from '../switch/log.ts';
import { action, EXIT, type ExitCode, printJson, printNote, UsageError } from './command.ts';
import { DemoBar } from './demo/progress.ts';
import { type DemoReport, printReport, reportOf } from './demo/report.ts';
import { runTerminals, TERMINAL_COUNT_MAX } from './demo/terminals.ts';
import { SAMPLE_CONFIG } from './serve.ts';
import { ledgerFolder } from './system/data-folder.ts';
import { moduleSettings, SOFTWARE_SETTINGS } from './system/hsm-settings.ts';
import { System } from './system/system.ts';

interface DemoOptions {
  json?: boolean;
  terminals: string;
  transactions: string;
  hsm?: string;
  keep?: boolean;
  seed?: string;
}

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description(
      'Run a hospital’s day over real TCP, close and clear it, verify the journal (演示)',
    )
    .option('--json', 'print one JSON document')
    .option('--terminals <number>', 'terminals that work at once, 1 to 20', '20')
    .option('--transactions <number>', 'how many transactions they make together', '3000')
    .option(
      '--hsm <which>',
      'software, nss, softhsm, or the path of a PKCS#11 module; POSP_HSM_PIN has the PIN of its token, POSP_HSM_TOKEN its label when there are several',
    )
    .option('--seed <number>', 'repeat an earlier day')
    .option('--keep', 'keep the data folder and say where it is')
    .addHelpText(
      'after',
      '\nExample:\n  $ npm run demo -- --terminals 10 --transactions 5000 --hsm nss\n',
    )
    .action(action(demo));
}

async function demo(options: DemoOptions): Promise<ExitCode> {
  const terminals = wholeNumber(options.terminals, 'terminals');
  if (terminals > TERMINAL_COUNT_MAX) {
    throw new UsageError(
      `the sample hospital has ${TERMINAL_COUNT_MAX} terminals, not ${terminals}`,
    );
  }
  const transactions = wholeNumber(options.transactions, 'transactions');
  const seed = options.seed === undefined ? Date.now() % 1_000_000 : Number(options.seed);
  const folder = mkdtempSync(join(tmpdir(), 'posp-demo-'));
  const bar = new DemoBar();
  const leave = () => {
    bar.stop();
    leaveFolder(folder, options.keep);
  };
  const forget = onInterrupt(leave);
  try {
    const report = await runDay({ folder, terminals, transactions, seed, bar, hsm: options.hsm });
    if (options.json) printJson(report);
    else printReport(report, seed, options.keep ? folder : null);
    return report.ok ? EXIT.ok : EXIT.failed;
  } finally {
    forget();
    leave();
  }
}

function leaveFolder(folder: string, keep: boolean | undefined): void {
  if (keep) printNote(`posp: the data folder is kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Ctrl-C ends the day at once, but leaves no folder behind. Gives what takes this back. */
function onInterrupt(leave: () => void): () => void {
  const end = (signal: NodeJS.Signals) => {
    printNote('posp: the demo was interrupted');
    leave();
    process.exit(128 + constants.signals[signal]);
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  return () => process.off('SIGINT', end).off('SIGTERM', end);
}

interface DemoDay {
  folder: string;
  terminals: number;
  transactions: number;
  seed: number;
  bar: DemoBar;
  hsm: string | undefined;
}

async function runDay(day: DemoDay): Promise<DemoReport> {
  const { folder, bar } = day;
  const config = loadConfig(SAMPLE_CONFIG, {});
  config.dataDir = join(folder, 'data');
  config.clearingDir = join(folder, 'clearing');
  config.hsm = hsmSettings(day.hsm);
  config.http.port = 0;
  config.listeners[0]!.port = 0;
  config.log.level = 'warn';
  bar.step('starting the switch, provisioning the sample hospital');
  const system = await System.start({ config, log: createLog('main', 'warn') });
  printNote(`posp: HSM: ${system.chosen.title}`);
  const outcome = await runTerminals({ ...day, port: system.switch.ports[0]! });
  bar.step('closing the business day, writing clearing files');
  const clearing = await system.clear();
  const head = system.reader.head();
  await system.stop();
  bar.step('verifying the journal');
  const ledger = await verify(ledgerFolder(config.dataDir));
  bar.stop();
  return reportOf({ outcome, clearing, ledger, head, hsm: system.chosen.title });
}

/** Without a choice: NSS softoken when its library is there, else software. */
function hsmSettings(which: string | undefined): HsmSettings {
  if (which === undefined) return { provider: 'auto' };
  if (which === 'software') return SOFTWARE_SETTINGS;
  return moduleSettings(which);
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new UsageError(`--${name} takes a whole number from 1, not '${text}'`);
  }
  return value;
}
