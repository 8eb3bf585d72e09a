import type { Command } from 'commander';
import { openHsm } from '../hsm/open.ts';
import type { HsmStatus } from '../hsm/types.ts';
import { action, EXIT, type ExitCode, printJson, printLine } from './command.ts';
import { addCeremonyCommand } from './hsm/ceremony.ts';
import { addHsmOptions, type HsmOptions, shownHsmOf, withHsmErrors } from './hsm/options.ts';
import { addRewrapCommand } from './hsm/rewrap.ts';

/** `posp hsm status|ceremony|rewrap`. */
export function addHsmCommand(program: Command): void {
  const hsm = program
    .command('hsm')
    .description('the hardware security module: its state, and key ceremonies')
    .addHelpText('after', '\nExample:\n  posp hsm status --hsm nss --data data');
  addHsmOptions(hsm.command('status'))
    .description('open the token, test what it can do, and say what is done where and why')
    .addHelpText('after', '\nExample:\n  posp hsm status --hsm softhsm --data data --json')
    .action(action((options: HsmOptions) => withHsmErrors(() => status(options))));
  addCeremonyCommand(hsm);
  addRewrapCommand(hsm);
}

async function status(options: HsmOptions): Promise<ExitCode> {
  const hsm = await openHsm(shownHsmOf(options));
  const state = await hsm.status();
  await hsm.close();
  if (options.json) printJson(state);
  else printStatus(state);
  return state.state === 'ready' ? EXIT.ok : EXIT.failed;
}

function printStatus(state: HsmStatus): void {
  const { token } = state;
  printLine(`${state.name}: ${state.state}${state.production ? '' : ' (not for production)'}`);
  if (state.module !== undefined) printLine(`module        ${state.module}`);
  if (token !== undefined) {
    printLine(`token         ${token.label}, ${token.manufacturer} ${token.model} ${token.serial}`);
  }
  printLine(
    `masters       ${state.masters.join(', ') || 'none yet: posp hsm ceremony master, or posp serve, makes them'}`,
  );
  printLine(`can do        ${state.capabilities.join(', ')}`);
  for (const { operation, place, why } of state.provider === 'group' ? [] : state.operations) {
    printLine(`${place.padEnd(14)}${operation}: ${why}`);
  }
  for (const member of state.provider === 'group' ? (state.members ?? []) : []) {
    printLine();
    printStatus(member);
  }
}
