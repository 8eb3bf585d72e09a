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

t.test('wrong usage of every command is one line on stderr and 2', async (t) => {
  const commands = [...walk(await buildProgram(undefined), 'posp')];
  for (const [path, { commands: below }] of commands) {
    const words = path.split(' ').slice(1);
    const wrong: string[][] = [[...words, '--nosuch']];
    if (below.length > 0) wrong.push(words, [...words, 'nosuch']);
    for (const argv of wrong) {
      const program = await buildProgram(argv[0]);
      const [out, err] = [t.capture(process.stdout, 'write'), t.capture(process.stderr, 'write')];
      const ended = await program.parseAsync(argv, { from: 'user' }).catch((error) => error);
      const said = (stream: typeof out) =>
        stream()
          .map(({ args }) => String(args[0]))
          .join('');
      const [stdout, stderr] = [said(out), said(err)];
      out.restore();
      err.restore();
      t.match(ended, { name: 'CommanderError', exitCode: 1 }, argv.join(' '));
      t.equal(stdout, '', argv.join(' '));
      const example = `${path} --help has an example`;
      t.match(stderr, new RegExp(`^posp: [^\\n]+ \\(${example}\\)\\n$`), argv.join(' '));
    }
  }
});
