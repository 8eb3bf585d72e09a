/**
 * Key administration as commands by name: of the running switch over its control socket, or done here
 * when none runs.
 */
import { existsSync } from 'node:fs';
import { askControl, type ControlHandler } from '../../../api/control.ts';
import { HsmError } from '../../../hsm/errors.ts';
import { UsageError } from '../../command.ts';
import { ledgerFolder } from '../data-folder.ts';
import type { Deployment } from '../deployment.ts';
import { withOwnLedger } from '../own-ledger.ts';
import { checkPlace, type KeyPlace, recordPending } from './record.ts';
import { type KeyParts, rewrapSlice } from './rewrap.ts';

export type KeyCommand = 'hsm/check-place' | 'hsm/record' | 'hsm/rewrap';

export function keyCommands(parts: KeyParts): Record<KeyCommand, ControlHandler> {
  return {
    'hsm/check-place': async (place) => ({ version: checkPlace(place as KeyPlace, parts) }),
    'hsm/record': async () => ({ problems: await recordPending(parts) }),
    'hsm/rewrap': ({ itemsMax }) => rewrapSlice(parts, Number(itemsMax)),
  };
}

export interface KeyAdministration {
  run(command: KeyCommand, argument: object): Promise<unknown>;
  /** A switch runs on the data folder and does the work. */
  isRunning: boolean;
}

/**
 * Gives `work` a way to do these commands on the deployment; null when there is no ledger yet.
 * Throws UsageError for what is refused.
 */
export async function withKeyAdministration<Result>(
  deployment: Deployment,
  work: (administration: KeyAdministration | null) => Promise<Result>,
): Promise<Result> {
  const { dataDir } = deployment;
  const found = await askControl(dataDir, 'hsm/check-place', {});
  if (found !== null) {
    const run = (command: KeyCommand, argument: object) => ask(dataDir, command, argument);
    return work({ run, isRunning: true });
  }
  if (!existsSync(ledgerFolder(dataDir))) return work(null);
  return withOwnLedger(deployment, (parts) => {
    const commands = keyCommands(parts);
    const run = (command: KeyCommand, argument: object) =>
      explained(() => commands[command](argument as Record<string, unknown>));
    return work({ run, isRunning: false });
  });
}

async function ask(dataDir: string, command: KeyCommand, argument: object): Promise<unknown> {
  const answer = await askControl(dataDir, command, argument as Record<string, unknown>);
  if (answer === null) throw new UsageError('the switch stopped meanwhile: try again');
  if ('error' in answer) throw new UsageError(answer.error);
  return answer.result;
}

async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const isOurs = error instanceof Error && !(error instanceof HsmError);
    throw isOurs && error.name === 'KeyPlaceError' ? new UsageError(error.message) : error;
  }
}
