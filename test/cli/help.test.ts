import type { Command } from 'commander';
import t from 'tap';
import { buildProgram } from '../../cli/program.ts';

/** A command and all below it, each with its path. */
function* walk(command: Command, path: string): Generator<[string, Command]> {
  yield [path, command];
  for (const below of command.commands) yield* walk(below, `${path} ${below.name()}`);
}

t.test(
  'every command has an example in its help, and every one that does something --json',
  async (t) => {
    let leaves = 0;
    for (const [path, command] of walk(await buildProgram(undefined), 'posp')) {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      t.match(help, /\nExamples?:\n/, path);
      if (command.commands.length > 0) continue;
      leaves++;
      t.match(help, /--json/, path);
    }
    t.ok(leaves > 60, `${leaves} commands`);
  },
);
