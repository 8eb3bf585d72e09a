/** Where a deployment's data lies, for every command that takes `--data`. */
import { join } from 'node:path';

export const DEFAULT_DATA_DIR = './data';

/** The journal's place within the data folder. */
export function ledgerFolder(dataDir: string): string {
  return join(dataDir, 'ledger');
}
