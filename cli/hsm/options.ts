import type { Command } from 'commander';
import { HsmError } from '../../hsm/errors.ts';
import { namedHsmConfig, PIN_VARIABLE, TOKEN_VARIABLE } from '../../hsm/named-config.ts';
import { findModule } from '../../hsm/open.ts';
import type { Pkcs11Config, SoftwareConfig } from '../../hsm/types.ts';
import { UsageError } from '../command.ts';

export interface HsmOptions {
  hsm?: string;
  data: string;
  json?: boolean;
}

/** The options by which `posp hsm` commands find their token. */
export function addHsmOptions(command: Command): Command {
  return command
    .option(
      '--hsm <name>',
      `software, nss, softhsm, or the path of a Cryptoki module (token from ${TOKEN_VARIABLE}, PIN from ${PIN_VARIABLE}); ` +
        'left out: nss where it is installed, else software',
    )
    .option('--data <folder>', 'the data folder; embedded tokens live in its hsm folder', 'data')
    .option('--json', 'print one JSON document');
}

export function hsmConfigOf(options: HsmOptions): SoftwareConfig | Pkcs11Config {
  const name = options.hsm ?? (findModule('nss') === null ? 'software' : 'nss');
  return namedHsmConfig(name, options.data);
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
