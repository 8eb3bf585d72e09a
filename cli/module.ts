import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { askControl } from '../api/control.ts';
import { openReader } from '../ledger/reader.ts';
import { moduleFolder } from '../modules/frame/folder.ts';
import type { ModuleLag } from '../modules/frame/host.ts';
import { ModuleStore, ModuleStoreReader, type StoreState } from '../modules/frame/store.ts';
import { MODULES } from '../modules/list.ts';
import { action, EXIT, type ExitCode, printJson, printLine, UsageError } from './command.ts';
import { ledgerPlace } from './ledger/options.ts';
import { DEFAULT_DATA_DIR } from './system/data-folder.ts';
import { formatTable } from './table.ts';

interface ModuleOptions {
  data: string;
  json?: boolean;
}

/** What the running switch says, or what the stores say when none runs. */
interface ModulesSeen {
  headPosition: number;
  problem: string | null;
  modules: Pick<ModuleLag, 'name' | 'version' | 'position' | 'lagRecords' | 'failure'>[];
}

/** `posp module …`: the followers of the journal. */
export function addModuleCommand(program: Command): void {
  const modules = program
    .command('module')
    .description('Followers of the journal (模块)')
    .addHelpText('after', '\nExample:\n  $ posp module status\n');
  modules
    .command('status')
    .description('How far each module is, and which one stopped and why')
    .option('--data <dir>', 'data folder', DEFAULT_DATA_DIR)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ posp module status\n')
    .action(action(showStatus));
  modules
    .command('resume <name>')
    .description('Let a module that stopped try again what it stopped at')
    .option('--data <dir>', 'data folder', DEFAULT_DATA_DIR)
    .option('--json', 'print {"module","state"}')
    .addHelpText('after', '\nExample:\n  $ posp module resume clearing\n')
    .action(action(resume));
  modules
    .command('rebuild <name>')
    .description("Throw a module's view away and build it from the journal again")
    .option('--data <dir>', 'data folder', DEFAULT_DATA_DIR)
    .option('--json', 'print {"module","state"}')
    .addHelpText('after', '\nExample:\n  $ posp module rebuild clearing\n')
    .action(action(rebuild));
}

async function showStatus({ data, json }: ModuleOptions): Promise<ExitCode> {
  const seen = (await ask<ModulesSeen>(data, 'module/status', {})) ?? (await statusHere(data));
  if (json) printJson(seen);
  else {
    const rows = seen.modules.map(({ name, position, lagRecords, failure }) => [
      name,
      String(position),
      String(lagRecords),
      failure === null ? 'runs' : `stopped at ${failure.position}: ${failure.message}`,
    ]);
    const head = ['module', 'position', 'behind', 'state'];
    printLine(formatTable(head, rows, ['left', 'right', 'right', 'left']));
    if (seen.problem !== null) printLine(`The modules' thread does not run: ${seen.problem}`);
  }
  const holds = seen.problem === null && seen.modules.every(({ failure }) => failure === null);
  return holds ? EXIT.ok : EXIT.failed;
}

async function resume(name: string, { data, json }: ModuleOptions): Promise<ExitCode> {
  knownModule(name);
  const done = await ask(data, 'module/resume', { name });
  const state = done === null ? 'waits for the next start' : 'tries again';
  tellState(name, state, json);
  return EXIT.ok;
}

async function rebuild(name: string, { data, json }: ModuleOptions): Promise<ExitCode> {
  knownModule(name);
  if ((await ask(data, 'module/rebuild', { name })) !== null) {
    tellState(name, 'is being built from the journal', json);
    return EXIT.ok;
  }
  const { encryptionKey } = await ledgerPlace({ data });
  const store = ModuleStore.open({ folder: moduleFolder(data, name), encryptionKey });
  store.clear(0);
  await store.close();
  tellState(name, 'will be built from the journal at the next start', json);
  return EXIT.ok;
}

function tellState(module: string, state: string, json: boolean | undefined): void {
  if (json) printJson({ module, state });
  else printLine(`${module} ${state}.`);
}

/** What the running switch answers; null when none runs. */
async function ask<Result>(
  data: string,
  name: string,
  argument: Record<string, unknown>,
): Promise<Result | null> {
  const answer = await askControl(data, name, argument);
  if (answer === null) return null;
  if ('error' in answer) throw new UsageError(answer.error);
  return (answer.result ?? {}) as Result;
}

async function statusHere(data: string): Promise<ModulesSeen> {
  const { dataDir, encryptionKey } = await ledgerPlace({ data });
  const reader = openReader(dataDir, { encryptionKey });
  try {
    const headPosition = reader.head().position;
    const modules = MODULES.map(async ({ name }) => {
      const { version, position } = await storedState(moduleFolder(data, name), encryptionKey);
      return { name, version, position, lagRecords: headPosition - position, failure: null };
    });
    return { headPosition, problem: null, modules: await Promise.all(modules) };
  } finally {
    await reader.close();
  }
}

async function storedState(
  folder: string,
  encryptionKey: Uint8Array | undefined,
): Promise<StoreState> {
  if (!existsSync(folder)) return { version: 0, position: 0, mark: '' };
  const store = new ModuleStoreReader({ folder, encryptionKey });
  try {
    return store.state;
  } finally {
    await store.close();
  }
}

function knownModule(name: string): void {
  if (MODULES.some((module) => module.name === name)) return;
  const names = MODULES.map((module) => module.name).join(', ');
  throw new UsageError(`there is no module ${name}; there are: ${names}`);
}
