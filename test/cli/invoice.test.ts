import { Command } from 'commander';
import t from 'tap';
import { addInvoiceCommand } from '../../cli/invoice.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';

/** Every command that does something, with its words. */
function leaves(command: Command, words: string[] = []): [words: string[], command: Command][] {
  const here = [...words, command.name()];
  if (command.commands.length === 0) return [[here, command]];
  return command.commands.flatMap((child) => leaves(child as Command, here));
}

t.test('every command has help with an example, --json and --data', async (t) => {
  const program = new Command();
  addInvoiceCommand(program);
  const names: string[] = [];
  for (const [words, command] of leaves(program.commands[0] as Command)) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    const name = words.slice(1).join(' ');
    names.push(name);
    t.match(help, new RegExp(`Example:\\n  \\$ posp invoice ${name}`), name);
    t.match(help, /--json/, name);
    t.match(help, /--data <dir>/, name);
  }
  for (const wanted of ['issue', 'red-letter', 'status', 'exchange', 'stock', 'report']) {
    t.ok(names.includes(wanted), wanted);
  }
});

t.test('exit codes and documents', async (t) => {
  const { dataDir } = await servedFor(t, 'cli-invoice');
  const at = ['--data', dataDir, '--json'];
  const lines: [args: string[], code: number, answer?: object][] = [
    [['stock', ...at], 0, { problems: [], holdings: [{ billCode: /^6106/, left: 1_000_000 }] }],
    [['report', 'summary', ...at], 0, { title: '医疗电子票据汇总表', rows: [] }],
    [['reconcile', ...at], 0, { holds: true }],
    [['status', '61060126', '0000000009', ...at], 1, { refused: { code: 'unknown-bill' } }],
    [['report', 'nothing', ...at], 2],
    [['report', 'cashiers', '--from', '2026-13-01', ...at], 2],
    [['report', 'cashiers', '--from', '2026-11-28', '--to', '20261128', ...at], 0, { rows: [] }],
    [['status', ...at], 2],
    [['stock', '--data', '/nowhere'], 2],
  ];
  for (const [args, code, answer] of lines) {
    const ran = await posp(['invoice', ...args]);
    t.equal(ran.code, code, `${args.join(' ')}: ${ran.stderr}`);
    if (answer !== undefined) t.match(documentOf(ran), answer);
    else t.match(ran.stderr.trim().split('\n'), { length: 1 }, 'one clear line');
  }
});
