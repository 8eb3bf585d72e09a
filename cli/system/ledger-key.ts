/**
 * The key that a data folder's ledger is encrypted with. It lies beside the ledger, encrypted under
 * a key of the HSM, so that the folder alone opens nothing.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hsm, StoredKey } from '../../hsm/types.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { ledgerFolder } from './data-folder.ts';

const KEY_BYTES = 32;

interface KeyFile {
  key: Omit<StoredKey, 'cryptogram'> & { cryptogram: string };
  encrypted: string;
}

/** Whether the data folder's ledger is encrypted. */
export function isLedgerEncrypted(dataDir: string): boolean {
  return existsSync(ledgerKeyFile(dataDir));
}

/**
 * The key of an encrypted ledger, made when a new ledger shall be encrypted; undefined for a plain
 * one. A plain ledger does not become an encrypted one by a line of configuration.
 */
export async function ledgerKey(
  dataDir: string,
  encrypted: boolean,
  hsm: Hsm,
): Promise<Uint8Array | undefined> {
  if (isLedgerEncrypted(dataDir)) return openKey(dataDir, hsm);
  if (!encrypted) return undefined;
  if (existsSync(ledgerFolder(dataDir))) {
    throw new LedgerError(
      'wrong_key',
      `the ledger of ${dataDir} is not encrypted: export it, and import it into a new folder`,
    );
  }
  return makeKey(dataDir, hsm);
}

async function openKey(dataDir: string, hsm: Hsm): Promise<Uint8Array> {
  const { key, encrypted } = JSON.parse(readFileSync(ledgerKeyFile(dataDir), 'utf8')) as KeyFile;
  const stored: StoredKey = { ...key, cryptogram: Buffer.from(key.cryptogram, 'hex') };
  return hsm.decryptData(stored, Buffer.from(encrypted, 'hex'));
}

async function makeKey(dataDir: string, hsm: Hsm): Promise<Uint8Array> {
  const spec = { algorithm: 'aes', purpose: 'data', lengthBytes: KEY_BYTES, exportable: false };
  const stored = await hsm.generateKey(spec as Parameters<Hsm['generateKey']>[0]);
  const clear = randomBytes(KEY_BYTES);
  const encrypted = await hsm.encryptData(stored, clear);
  const file: KeyFile = {
    key: { ...stored, cryptogram: Buffer.from(stored.cryptogram).toString('hex') },
    encrypted: Buffer.from(encrypted).toString('hex'),
  };
  writeFileSync(ledgerKeyFile(dataDir), JSON.stringify(file), { mode: 0o600, flush: true });
  return clear;
}

/** The file with the key of an encrypted ledger. */
export function ledgerKeyFile(dataDir: string): string {
  return join(dataDir, 'ledger.key');
}
