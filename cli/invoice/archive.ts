/** `posp invoice archive …`: yearly packages, bills out of them, destruction (票据档案). */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { action, EXIT, type ExitCode, printJson, printLine } from '../command.ts';
import { formatTable } from '../table.ts';
import type { AnsweredFile } from './archive-commands.ts';
import type { Refusal } from './invoice-command.ts';
import { type CommonOptions, common, finish, run } from './run.ts';

interface ListedPackage {
  file: string;
  bills: number;
  keepUntil: string;
  destroyed: string;
}

export function addArchiveCommand(invoice: Command): void {
  const archive = invoice
    .command('archive')
    .description('The archive apart from the working store (票据档案)')
    .addHelpText('after', '\nExample:\n  $ posp invoice archive pack --year 2025\n');
  common(archive.command('pack'), 'posp invoice archive pack --year 2025')
    .description('Pack a year that is over: volumes, index, hashes, signature')
    .requiredOption('--year <YYYY>', 'by business date')
    .action(
      action(async (options) => finish(await run('archive-pack', options, options), options)),
    );
  common(archive.command('list'), 'posp invoice archive list')
    .description('Packages and destruction lists')
    .action(action(list));
  common(archive.command('verify <package>'), 'posp invoice archive verify 4802-2025')
    .description(
      'Authenticity, completeness, usability, safety (四性检测); exit 1 when one does not hold',
    )
    .action(action(verify));
  common(
    archive.command('show <package> <code> <number>'),
    'posp invoice archive show 4802-2025 61060125 0000000001 --kind ofd --out bill.ofd',
  )
    .description('A bill out of the archive, found by the package’s own index')
    .option('--kind <kind>', 'xml, ofd or metadata', 'xml')
    .option('--out <file>', 'instead of stdout')
    .action(
      action((name: string, billCode: string, billNumber: string, options: ShowOptions) => {
        const asked = { name, billCode, billNumber, kind: options.kind };
        return file('archive-show', asked, options);
      }),
    );
  common(
    archive.command('export <code> <number>'),
    'posp invoice archive export 61060126 0000000001 --out metadata.xml',
  )
    .description('The archive metadata of a bill (DA/T 94, DA/T 95), files inside')
    .option('--out <file>', 'instead of stdout')
    .action(
      action((billCode: string, billNumber: string, options: ShowOptions) => {
        return file('archive-export', { billCode, billNumber }, options);
      }),
    );
  addDestruction(archive);
}

function addDestruction(archive: Command): void {
  common(
    archive.command('list-destruction <id> <packages...>'),
    'posp invoice archive list-destruction X1 4802-1995 --reason 期满 --who zhang',
  )
    .description('List packages whose years of keeping are over (销毁清册)')
    .requiredOption('--reason <text>', 'why')
    .action(
      action(
        async (id: string, packages: string[], options: CommonOptions & { reason: string }) => {
          const asked = { id, packages, reason: options.reason };
          return finish(await run('archive-list-destruction', asked, options), options);
        },
      ),
    );
  for (const [name, example, description] of [
    ['approve', 'approve X1 --who li', 'Approve a list: somebody else than who made it'],
    ['carry-out', 'carry-out X1 --who zhang', 'Destroy what an approved list names, on record'],
  ] as const) {
    common(archive.command(`${name} <id>`), `posp invoice archive ${example}`)
      .description(description)
      .action(
        action(async (id: string, options: CommonOptions) => {
          return finish(await run(`archive-${name}`, { id }, options), options);
        }),
      );
  }
}

interface ShowOptions extends CommonOptions {
  kind?: string;
  out?: string;
}

async function file(name: string, asked: object, options: ShowOptions): Promise<ExitCode> {
  const answer = (await run(name, asked, options)) as AnsweredFile | Refusal;
  if ('refused' in answer) return finish(answer, options);
  const bytes = Buffer.from(answer.base64, 'base64');
  if (options.out !== undefined) writeFileSync(options.out, bytes);
  if (options.json) printJson({ ...answer, ...(options.out ? { file: options.out } : {}) });
  else if (options.out === undefined) process.stdout.write(bytes);
  else printLine(options.out);
  return EXIT.ok;
}

async function list(options: CommonOptions): Promise<ExitCode> {
  const seen = (await run('archive-list', {}, options)) as {
    packages: ListedPackage[];
    destructions: unknown[];
  };
  if (options.json) printJson(seen);
  else {
    const rows = seen.packages.map(({ file: name, bills, keepUntil, destroyed }) => {
      return [name, String(bills), keepUntil, destroyed];
    });
    const sides = ['left', 'right', 'left', 'left'] as const;
    printLine(formatTable(['package', 'bills', 'keep until', 'destroyed by'], rows, [...sides]));
  }
  return EXIT.ok;
}

async function verify(name: string, options: CommonOptions): Promise<ExitCode> {
  const result = await run('archive-verify', { name }, options);
  const code = finish(result, options);
  return (result as { holds?: boolean }).holds ? code : EXIT.failed;
}
