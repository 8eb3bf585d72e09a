import type { Command } from 'commander';
import { createMasters, destroyMasters, openHsm } from '../../hsm/open.ts';
import { action, type ExitCode, printJson, printLine, printNote, UsageError } from '../command.ts';
import type { Deployment } from '../system/deployment.ts';
import { type KeyAdministration, withKeyAdministration } from '../system/keys/commands.ts';
import type { KeyEvent } from '../system/keys/key-event.ts';
import { keepPending } from '../system/keys/record.ts';
import type { RewrapSlice } from '../system/keys/rewrap.ts';
import {
  addHsmOptions,
  existingHsmOf,
  type HsmOptions,
  hsmDeployment,
  hsmOf,
  withHsmErrors,
} from './options.ts';
import { recordNow } from './record-now.ts';

interface RewrapOptions extends HsmOptions {
  newMaster?: boolean;
  destroyOld?: boolean;
}

interface Rewrapped {
  masterNumber: number;
  keys: number;
  destroyed: number[];
}

/** Items of the registry between two lines of progress. */
const ITEMS_AT_ONCE = 500;
/** A switch that runs makes keys under the old master until it has seen the new one. */
const EMPTY_HANDED_MAX = 20;

/** `posp hsm rewrap`: every stored key under the newest master. */
export function addRewrapCommand(hsm: Command): void {
  addHsmOptions(hsm.command('rewrap'))
    .description(
      'wrap every stored key under the newest master, also while the switch runs; may be cut short and started again',
    )
    .option(
      '--new-master',
      'make the next master at random inside first (by components: posp hsm ceremony master --next)',
    )
    .option('--destroy-old', 'destroy the older masters at the end; no switch may be running')
    .addHelpText('after', '\nExample:\n  posp hsm rewrap --new-master --config hospital.yaml')
    .action(action((options: RewrapOptions) => withHsmErrors(() => rewrap(options))));
}

async function rewrap(options: RewrapOptions): Promise<ExitCode> {
  const deployment = hsmDeployment(options);
  if (options.newMaster) await makeNextMaster(options, deployment);
  const moved = await withKeyAdministration(deployment, (administration) => {
    if (administration === null)
      throw new UsageError(`there is no ledger in ${deployment.dataDir}`);
    if (options.destroyOld && administration.isRunning) {
      throw new UsageError('stop the switch first: it works with keys under the old master');
    }
    return rewrapAll(administration);
  });
  const hsm = hsmOf(options).name ?? 'the HSM';
  const keep = (event: KeyEvent) => keepPending(deployment.dataDir, { event });
  const at = new Date().toISOString();
  const { masterNumber, keys } = moved;
  if (keys > 0) keep({ kind: 'keys-rewrapped', subject: hsm, at, masterNumber, keys });
  const destroyed = options.destroyOld ? await destroyOlder(options, masterNumber) : [];
  for (const number of destroyed) {
    keep({ kind: 'master-destroyed', subject: hsm, at, masterNumber: number });
  }
  const exit = await recordNow(deployment);
  show({ ...moved, destroyed }, options);
  return exit;
}

function show({ masterNumber, keys, destroyed }: Rewrapped, { json }: RewrapOptions): void {
  if (json) {
    printJson({ masterNumber, keys, destroyed });
    return;
  }
  printLine(`${keys} keys wrapped anew; all are under master key ${masterNumber}`);
  for (const number of destroyed) printLine(`master key ${number} destroyed`);
}

async function makeNextMaster(options: RewrapOptions, { dataDir }: Deployment): Promise<void> {
  const config = hsmOf(options);
  const masterNumber = ((await mastersOf(options)).at(-1) ?? 0) + 1;
  const { hsm } = await createMasters(config, undefined, masterNumber);
  await hsm.close();
  const at = new Date().toISOString();
  const event = { kind: 'master-made', subject: hsm.name, at, masterNumber } as const;
  keepPending(dataDir, { event });
  printNote(`posp: master key ${masterNumber} made`);
}

async function rewrapAll(
  administration: KeyAdministration,
): Promise<{ masterNumber: number; keys: number }> {
  let keys = 0;
  for (let emptyHanded = 0; emptyHanded < EMPTY_HANDED_MAX; ) {
    const argument = { itemsMax: ITEMS_AT_ONCE };
    const slice = (await administration.run('hsm/rewrap', argument)) as RewrapSlice;
    keys += slice.keys;
    if (slice.itemsLeft === 0) return { masterNumber: slice.masterNumber, keys };
    printNote(`posp: ${keys} keys wrapped anew; ${slice.itemsLeft} items left`);
    emptyHanded = slice.keys === 0 ? emptyHanded + 1 : 0;
  }
  throw new UsageError('some items keep changing: try again');
}

async function destroyOlder(options: RewrapOptions, newest: number): Promise<number[]> {
  const older = (await mastersOf(options)).filter((number) => number < newest);
  for (const number of older) await destroyMasters(hsmOf(options), number);
  return older;
}

async function mastersOf(options: RewrapOptions): Promise<number[]> {
  const hsm = await openHsm(existingHsmOf(options));
  try {
    return (await hsm.status()).masters;
  } finally {
    await hsm.close();
  }
}
