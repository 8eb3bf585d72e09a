/** Which deployment a command is about: its data folder, and the HSM that holds its keys. */
import { join, resolve } from 'node:path';
import { ConfigError, loadConfig } from '../../config/load.ts';
import type { HsmSettings } from '../../config/schema.ts';
import { UsageError } from '../command.ts';
import { DEFAULT_DATA_DIR } from './data-folder.ts';

export interface DeploymentOptions {
  /** A configuration file. Without one the HSM is the one that the data folder was made with. */
  config?: string | undefined;
  /** Left out: the configuration's, or ./data. */
  data?: string | undefined;
}

export interface Deployment {
  dataDir: string;
  clearingDir: string;
  hsm: HsmSettings;
}

/** Throws UsageError for a configuration that cannot be used. */
export function deploymentOf({ config: file, data }: DeploymentOptions): Deployment {
  if (file === undefined) {
    const dataDir = data ?? DEFAULT_DATA_DIR;
    return { dataDir, clearingDir: join(resolve(dataDir), 'clearing'), hsm: { provider: 'auto' } };
  }
  try {
    const { dataDir, clearingDir, hsm } = loadConfig(file);
    if (data === undefined) return { dataDir, clearingDir, hsm };
    return { dataDir: data, clearingDir: join(resolve(data), 'clearing'), hsm };
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}
