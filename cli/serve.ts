import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import colors from 'picocolors';
import { ConfigError, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { createLog, type Logger } from '../switch/log.ts';
import {
  action,
  EXIT,
  type ExitCode,
  isExplained,
  portOf,
  printJson,
  printNote,
  UsageError,
} from './command.ts';
import { System, type SystemOptions } from './system/system.ts';

interface ServeOptions {
  config?: string;
  data?: string;
  port?: string;
  httpPort?: string;
  json?: boolean;
}

/** The sample hospital: what is served when no configuration is named. */
export const SAMPLE_CONFIG = fileURLToPath(new URL('../../config/sample.yaml', import.meta.url));

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('Run the switch until SIGTERM or Ctrl-C (运行交易前置)')
    .option('--config <file>', 'configuration (default: the sample hospital)')
    .option('--data <dir>', 'data folder (default: the configuration’s dataDir)')
    .option('--port <number>', 'port of the first listener')
    .option('--http-port <number>', 'port of HTTP: /healthz, /metrics')
    .option('--json', 'once it is ready, print where it listens as one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ posp serve --config hospital.yaml --data /var/lib/posp\n',
    )
    .action(action(serve));
}

async function serve(options: ServeOptions): Promise<ExitCode> {
  collectWithoutHelpers();
  const readConfig = () => readConfigOf(options);
  const config = configOf(options);
  const log = createLog('main', config.log.level);
  const system = await startOrExplain({ config, readConfig, log });
  process.on('SIGHUP', () => reload(system, log));
  const failed = new Promise<Error>((failure) => system.once('failed', failure));
  // Ctrl-C reaches every process of a terminal, and the one above hands it on: the second must not cut off the first.
  const asked = new Promise<'asked'>((stop) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop('asked'));
  });
  greet(config, system);
  if (options.json) printJson(whereabouts(config, system));
  const end = await Promise.race([asked, failed]);
  if (end !== 'asked') {
    log.fatal({ err: end }, 'a part of the switch ended by itself: stopping');
    process.exit(EXIT.failed);
  }
  printNote('posp: stopping: answering what was asked …');
  await system.stop();
  printNote('posp: stopped.');
  process.exit(EXIT.ok);
}

/**
 * Each thread collects its short-lived garbage alone. V8 would wake four helpers for it, which take the
 * processors from the other threads and have next to nothing to do: a request leaves nothing behind.
 * Without them a purchase takes about eight microseconds of processor time less.
 */
function collectWithoutHelpers(): void {
  setFlagsFromString('--no-parallel-scavenge');
}

/** SIGHUP, as `posp reload`: what is wrong with the new configuration goes to the log. */
async function reload(system: System, log: Logger): Promise<void> {
  try {
    await system.reload();
  } catch (error) {
    log.error({ reason: (error as Error).message }, 'reload refused: nothing has changed');
  }
}

/** The configuration; one that is wrong ends the command with the reason. */
function configOf(options: ServeOptions): Config {
  try {
    return readConfigOf(options);
  } catch (error) {
    if (error instanceof ConfigError)
      throw new UsageError(`configuration refused: ${error.faults.join('; ')}`);
    throw error;
  }
}

/** The configuration file with the command line's word on top. Throws ConfigError. */
function readConfigOf({ config: file, data, port, httpPort }: ServeOptions): Config {
  const environment = { ...process.env };
  if (data !== undefined) {
    environment['POSP__DATA_DIR'] = resolve(data);
    environment['POSP__CLEARING_DIR'] ??= resolve(data, 'clearing');
    environment['POSP__INVOICING__ARCHIVE_DIR'] ??= resolve(data, 'invoice-archive');
  }
  if (port !== undefined) environment['POSP__LISTENERS__0__PORT'] = `${portOf('--port', port)}`;
  if (httpPort !== undefined) {
    environment['POSP__HTTP__PORT'] = `${portOf('--http-port', httpPort)}`;
  }
  return loadConfig(file ?? SAMPLE_CONFIG, environment);
}

async function startOrExplain(options: SystemOptions): Promise<System> {
  const { config } = options;
  if (config.production && config.hosts.some((host) => host.testZoneMasterKey !== undefined)) {
    throw new UsageError(
      'production is true, but a host has a published test key: remove testZoneMasterKey and import the real key by key ceremony',
    );
  }
  if (config.production && config.firstStart !== undefined) {
    throw new UsageError(
      'production is true, but firstStart holds published test keys: remove it and provision by key ceremony',
    );
  }
  try {
    return await System.start(options);
  } catch (error) {
    if (!isExplained(error)) throw error;
    printNote(`posp: ${error.message}`);
    process.exit(EXIT.failed);
  }
}

/** For whoever starts it on ports that the system chooses. */
function whereabouts(config: Config, { http, switch: workers, chosen }: System): object {
  return {
    listeners: config.listeners.map(({ name, address }, index) => ({
      name,
      address,
      port: workers.ports[index],
    })),
    http: { address: config.http.address, port: http.port },
    hsm: chosen.title,
    workers: workers.workerCount,
    dataDir: resolve(config.dataDir),
  };
}

function greet(config: Config, system: System): void {
  const { http, switch: workers, chosen } = system;
  if (config.firstStart !== undefined) {
    printNote(
      colors.red(
        'posp: published TEST KEYS and PINs are in use (sample hospital). Never take real money with them.\n' +
          'posp: 正在使用公开的测试密钥，禁止用于真实交易。',
      ),
    );
  }
  config.listeners.forEach(({ name, address }, index) => {
    printNote(`posp: ${name} on ${address}:${workers.ports[index]}`);
  });
  printNote(`posp: HTTP on http://${config.http.address}:${http.port}/healthz, API at /docs`);
  if (system.adminPassword !== null) {
    printNote(
      `posp: operator admin, first password (shown once, to be changed): ${system.adminPassword}\n` +
        `posp: 操作员 admin 的初始密码只显示一次，首次登录须修改。`,
    );
  }
  printNote(`posp: HSM: ${chosen.title}; ${workers.workerCount} switch worker(s)`);
  printNote(`posp: data in ${resolve(config.dataDir)}; ready. Stop with Ctrl-C.`);
}
