import type { Command } from 'commander';
import { askControl } from '../api/control.ts';
import { action, EXIT, type ExitCode, printJson, printNote } from './command.ts';

interface ReloadOptions {
  data: string;
  json?: boolean;
}

export function addReloadCommand(program: Command): void {
  program
    .command('reload')
    .description('Make a running switch read its configuration and program again (重新加载)')
    .option('--data <dir>', 'data folder of the running switch', './data')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nNo connection is lost: fresh workers take over, the old ones answer what was asked.' +
        '\nA configuration that is wrong is refused and nothing changes.\n' +
        '\nExample:\n  $ posp reload --data /var/lib/posp\n',
    )
    .action(action(reload));
}

async function reload({ data, json }: ReloadOptions): Promise<ExitCode> {
  const answer = await askControl(data, 'reload', {});
  if (answer === null) {
    printNote(`posp: no switch runs on ${data}; start one with posp serve --data ${data}`);
    return EXIT.failed;
  }
  if ('error' in answer) {
    if (json) printJson({ reloaded: false, error: answer.error });
    printNote(`posp: reload refused, nothing has changed:\n${answer.error}`);
    return EXIT.failed;
  }
  const { changed } = answer.result as { changed: string[] };
  if (json) printJson({ reloaded: true, changed });
  else
    printNote(`posp: reloaded; changed: ${changed.join(', ') || 'nothing in the configuration'}`);
  return EXIT.ok;
}
