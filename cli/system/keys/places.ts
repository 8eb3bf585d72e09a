/** Files of the data folder that belong to key administration. */
import { join } from 'node:path';

/** The SM2 key, wrapped, that signs the protocols of ceremonies. */
export function ceremonySigningKeyFile(dataDir: string): string {
  return join(dataDir, 'hsm', 'ceremony-signing-key.json');
}

/** Ceremonies that are done and not in the journal yet. */
export function pendingFolder(dataDir: string): string {
  return join(dataDir, 'hsm', 'to-record');
}
