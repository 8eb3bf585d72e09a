/** Where a day's files lie: by date, and by institution first where there are several. */
import { join } from 'node:path';
import type { RegistryReader } from '../../ledger/types.ts';

export function institutionFolder(
  directory: string,
  institution: string,
  registry: RegistryReader,
): string {
  const isOnly = [...registry.list('institution')].length === 1;
  return isOnly ? directory : join(directory, institution);
}
