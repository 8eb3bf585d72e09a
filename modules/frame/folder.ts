/** Where the modules' stores lie within the data folder. */
import { join } from 'node:path';

export function moduleFolder(dataDir: string, name: string): string {
  return join(dataDir, 'modules', name);
}
