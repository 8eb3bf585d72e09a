/** What the `posp ledger` commands share: their options, and how a LedgerError reads. */
import { readFileSync } from 'node:fs';
import { LedgerError } from '../../ledger/errors.ts';
import { UsageError } from '../command.ts';
import { ledgerFolder } from '../system/data-folder.ts';
import { deploymentOf } from '../system/deployment.ts';
import { chooseHsm } from '../system/hsm-choice.ts';
import { isLedgerEncrypted, ledgerKey } from '../system/ledger-key.ts';

export interface LedgerCommandOptions {
  config?: string;
  data?: string;
  encryptionKeyFile?: string;
  json?: boolean;
}

export interface LedgerPlace {
  dataDir: string;
  encryptionKey: Uint8Array | undefined;
}

/** Folder and key of the options: an encrypted ledger is opened with the HSM of its data folder. */
export async function ledgerPlace(options: LedgerCommandOptions): Promise<LedgerPlace> {
  const file = options.encryptionKeyFile;
  const deployment = deploymentOf(options);
  const dataDir = ledgerFolder(deployment.dataDir);
  if (file !== undefined) return { dataDir, encryptionKey: readKey(file) };
  if (!isLedgerEncrypted(deployment.dataDir)) return { dataDir, encryptionKey: undefined };
  const { hsm } = await chooseHsm(deployment.hsm, deployment.dataDir);
  try {
    return { dataDir, encryptionKey: await ledgerKey(deployment.dataDir, true, hsm) };
  } finally {
    await hsm.close();
  }
}

function readKey(file: string): Uint8Array {
  const hex = readText(file).trim();
  if (/^[0-9a-f]{64}$/i.test(hex)) return Buffer.from(hex, 'hex');
  throw new UsageError(`${file}: 64 hex digits are expected`);
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** A whole number of at least 1 from an option. */
export function positionOption(text: string, name: string): number {
  const position = Number(text);
  if (Number.isSafeInteger(position) && position >= 1) return position;
  throw new UsageError(`${name}: a position from 1 on is expected, not ${text}`);
}

/** Runs a command's work; what the ledger refuses becomes one line and exit 2. */
export async function refusingClearly<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LedgerError) throw new UsageError(error.message);
    throw error;
  }
}
