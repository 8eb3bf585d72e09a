import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { HsmError } from '../../hsm/errors.ts';
import { PIN_VARIABLE, TOKEN_VARIABLE } from '../../hsm/named-config.ts';
import { forLooking, withoutMaking } from '../../hsm/open.ts';
import type { HsmConfig } from '../../hsm/types.ts';
import { UsageError } from '../command.ts';
import { type Deployment, deploymentOf } from '../system/deployment.ts';
import { hsmConfigFor, settledHsm } from '../system/hsm-choice.ts';
import {
  type ConcreteHsm,
  hsmConfigOf,
  moduleSettings,
  SOFTWARE_SETTINGS,
} from '../system/hsm-settings.ts';

export interface HsmOptions {
  hsm?: string;
  config?: string;
  data?: string;
  json?: boolean;
}

/** The options by which `posp hsm` commands find their token. */
export function addHsmOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration of the deployment: its HSM and its data folder')
    .option(
      '--hsm <name>',
      `instead: software, nss, softhsm, or the path of a Cryptoki module (token from ${TOKEN_VARIABLE}, PIN from ${PIN_VARIABLE})`,
    )
    .option(
      '--data <folder>',
      'the data folder; embedded tokens live in its hsm folder (default: the configuration’s, or ./data)',
    )
    .option('--json', 'print one JSON document');
}

/** The deployment that is meant; its HSM is the one named, configured, or in use by the data folder. */
export function hsmDeployment(options: HsmOptions): Deployment & { hsm: ConcreteHsm } {
  const deployment = deploymentOf(options);
  const { hsm: name } = options;
  if (name === 'software') return { ...deployment, hsm: SOFTWARE_SETTINGS };
  if (name !== undefined) return { ...deployment, hsm: moduleSettings(name) };
  return { ...deployment, hsm: settledHsm(deployment.hsm, deployment.dataDir) };
}

export function hsmOf(options: HsmOptions): HsmConfig {
  const { hsm, dataDir } = hsmDeployment(options);
  return hsmConfigFor(hsm, dataDir);
}

/** For commands that use what is there and make nothing. */
export function existingHsmOf(options: HsmOptions): HsmConfig {
  return withoutMaking(presentHsmOf(options));
}

/** For the command that looks: a token that waits for its ceremony is shown, too. */
export function shownHsmOf(options: HsmOptions): HsmConfig {
  return forLooking(presentHsmOf(options));
}

/** A token that lives in the data folder has to be there. */
function presentHsmOf(options: HsmOptions): HsmConfig {
  const { hsm, dataDir } = hsmDeployment(options);
  const config = hsmConfigOf(hsm, dataDir);
  const tokens = config.provider === 'group' ? config.members : [config];
  const isInside = tokens.some((one) => one.provider === 'software' || one.dataDir !== undefined);
  if (isInside && !existsSync(dataDir)) {
    throw new UsageError(
      `there is no data folder ${dataDir}: posp serve makes one, or posp hsm ceremony master with keys of your own`,
    );
  }
  return config;
}

/** What the HSM refuses is one line on stderr, not a stack. */
export async function withHsmErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HsmError) throw new UsageError(`${error.message} (${error.code})`);
    throw error;
  }
}
