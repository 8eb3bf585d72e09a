import { EXIT, type ExitCode, printNote } from '../command.ts';
import type { Deployment } from '../system/deployment.ts';
import { withKeyAdministration } from '../system/keys/commands.ts';

/** Brings what was done to keys into the journal; exit 1 when that did not work and has to be seen to. */
export function recordNow(deployment: Deployment): Promise<ExitCode> {
  return withKeyAdministration(deployment, async (administration) => {
    if (administration === null) {
      printNote('posp: there is no ledger yet; this is recorded when the switch first starts');
      return EXIT.ok;
    }
    const result = await administration.run('hsm/record', {});
    const { problems } = result as { problems: string[] };
    for (const problem of problems) printNote(`posp: not recorded: ${problem}`);
    return problems.length === 0 ? EXIT.ok : EXIT.failed;
  });
}
