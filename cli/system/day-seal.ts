/**
 * The seal of a business day: made when the day is closed, signed by the HSM, kept as a file beside
 * the ledger and as a fact in it. Whoever holds the file can prove later that nothing before it was
 * changed.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hsm } from '../../hsm/types.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import { makeSeal } from '../../ledger/make-seal.ts';
import type { Reader } from '../../ledger/reader.ts';
import { statementBytes } from '../../ledger/seal.ts';
import { KEY_NAME, toStoredKey } from '../../switch/keys.ts';
import { ledgerFolder } from './data-folder.ts';

export interface SealParts {
  dataDir: string;
  encryptionKey: Uint8Array | undefined;
  hsm: Hsm;
  ledger: LedgerClient;
  reader: Reader;
}

/** Seals the journal after the closing of a date. Gives the file's path; null when there is no key to sign with. */
export async function sealDay(
  institution: string,
  date: string,
  { dataDir, encryptionKey, hsm, ledger, reader }: SealParts,
): Promise<string | null> {
  const key = reader.registry.get('key', KEY_NAME.ledgerSeal);
  if (key === null) return null;
  const sign = async (bytes: Uint8Array) => hsm.sign(toStoredKey(key.value), bytes);
  const seal = await makeSeal(ledgerFolder(dataDir), KEY_NAME.ledgerSeal, sign, encryptionKey);
  const folder = join(dataDir, 'seals');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `seal-${institution}-${date}.json`);
  writeFileSync(`${path}.part`, `${JSON.stringify(seal, null, 2)}\n`, { flush: true });
  renameSync(`${path}.part`, path);
  const { status } = await ledger.submit({
    id: idOf('seal', institution, date),
    institution,
    fact: {
      sealMade: {
        position: seal.position,
        chainHash: Buffer.from(seal.chainHash, 'hex'),
        statementSha256: createHash('sha256').update(statementBytes(seal)).digest(),
        keyName: seal.keyName,
        signature: Buffer.from(seal.signature, 'hex'),
      },
    },
  });
  if (status !== 'applied' && status !== 'exists')
    throw new Error(`the seal was refused: ${status}`);
  return path;
}
